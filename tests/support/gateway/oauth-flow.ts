import { hash } from 'node:crypto';
import { answerClient } from './consent.ts';

export type Form = Record<string, string | string[] | undefined>;

const verifier = 'the-code-verifier-of-this-test-has-enough-letters';
const challenge = hash('sha256', verifier, 'base64url');

/** `undefined` leaves a parameter out, a list repeats it. */
function parameters(form: Form): URLSearchParams {
  const pairs = Object.entries(form).flatMap(([name, value]) =>
    (value === undefined ? [] : [value].flat()).map((one) => [name, one]),
  );
  return new URLSearchParams(pairs);
}

/** A client at the gateway that is told each parameter, so that a test can leave one out or send another. */
export async function newFlow(gateway: string, redirectUri = 'http://127.0.0.1:7999/callback') {
  const body = JSON.stringify({ client_name: 'A client', redirect_uris: [redirectUri] });
  const registered = await fetch(`${gateway}/oauth2/register`, { method: 'POST', body });
  const { client_id: id } = (await registered.json()) as { client_id: string };
  const resource = `${gateway}/currenttime/mcp`;
  const post = (path: string, form: Form, headers: Record<string, string> = {}) =>
    fetch(`${gateway}${path}`, { method: 'POST', body: parameters(form), headers });
  const flow = {
    id,
    resource,
    /** The authorize address. */
    address: (change: Form = {}) =>
      `${gateway}/oauth2/authorize?${parameters({
        response_type: 'code',
        client_id: id,
        redirect_uri: redirectUri,
        code_challenge: challenge,
        code_challenge_method: 'S256',
        resource,
        state: 'the state',
        ...change,
      })}`,
    /** The answer of the authorize endpoint, before the login. */
    ask: (change: Form = {}) => fetch(flow.address(change), { redirect: 'manual' }),
    /** What the client gets after the login of a person, and their answer. */
    answer: (change: Form = {}, answer: 'allow' | 'deny' = 'allow') =>
      answerClient(gateway, flow.address(change), 'alice', answer),
    code: async (change: Form = {}) => (await flow.answer(change)).searchParams.get('code') ?? '',
    exchange: (code: string, change: Form = {}) =>
      post('/oauth2/token', {
        grant_type: 'authorization_code',
        client_id: id,
        code,
        redirect_uri: redirectUri,
        code_verifier: verifier,
        resource,
        ...change,
      }),
    refresh: (refresh_token: unknown, change: Form = {}) =>
      post('/oauth2/token', {
        grant_type: 'refresh_token',
        client_id: id,
        refresh_token: String(refresh_token),
        ...change,
      }),
    revoke: (token: unknown, change: Form = {}) =>
      post('/oauth2/revoke', { client_id: id, token: String(token), ...change }),
    /** From nothing to tokens. */
    tokens: async (change: Form = {}) =>
      (await (await flow.exchange(await flow.code(change), change)).json()) as Record<string, string>,
    post,
  };
  return flow;
}
