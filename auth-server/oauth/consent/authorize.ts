import type { RequestHandler, Response } from 'express';
import { commandLine } from '../../../common/identity/command-line.ts';
import { resourceOf } from '../../identity/resource.ts';
import type { OAuthDeps } from '../deps.ts';
import { OAuthError } from '../oauth-error.ts';
import { type Parameters, queryOf } from '../parameters.ts';
import type { Asked } from '../store/requests.ts';
import { RequestRefused } from './refusal.ts';
import { destinationOf, sendAnswer } from './send-answer.ts';

/** In characters, encoded. With the rest of the answer it must fit into nginx's buffer of 4 kB for headers. */
const longestState = 1_500;

/**
 * `GET /oauth2/authorize` (RFC 6749 section 4.1.1) keeps what a client asks for and leads to the question. Client and
 * redirect address are checked first: until then, nothing is sent to the client.
 */
export function authorize(deps: OAuthDeps): RequestHandler {
  const { publicUrl, requests, browser } = deps;
  return async (req, res) => {
    const one = queryOf(req, publicUrl);
    const to = await clientOf(deps, one);
    // An error is answered with the state only if there is one state.
    const state = statesOf(req.originalUrl, publicUrl);
    const asked: Asked = { ...to, state, challenge: '', resource: '' };
    try {
      Object.assign(asked, whatIsAsked(publicUrl, to.client, one));
    } catch (error) {
      if (!(error instanceof OAuthError)) throw error;
      return answerError(deps, res, asked, error);
    }
    const uid = await requests.add(asked, browser.keep(req, res));
    res.set('Cache-Control', 'no-store').redirect(303, `/oauth2/consent/${uid}`);
  };
}

async function clientOf({ clients }: OAuthDeps, one: Parameters): Promise<Pick<Asked, 'client' | 'redirectUri'>> {
  const refused = (...lines: string[]) => new RequestRefused(400, 'The client cannot be connected', lines);
  const read = (name: string) => {
    try {
      return one(name);
    } catch (error) {
      throw error instanceof OAuthError ? refused(error.message) : error;
    }
  };
  const [clientId = '', redirectUri = ''] = [read('client_id'), read('redirect_uri')];
  const client = await clients.find(clientId);
  if (!client)
    throw refused(
      'The gateway does not know this client, or does not accept it.',
      'Remove the gateway in your client, and add it again.',
    );
  if (!clients.redirectAllowed(client, redirectUri) && client.kind === 'configured')
    throw refused(
      'This client has the id of an app client of the user pool. With it, the answer can go to this computer only: to http://localhost or http://127.0.0.1.',
      'Remove the client id in your client, so that it registers itself.',
    );
  if (!clients.redirectAllowed(client, redirectUri))
    throw refused(
      'The client wants the answer at an address that it has not registered.',
      'Remove the gateway in your client, and add it again. If you have not just done that, close this page.',
    );
  const { id, name, kind } = client;
  return { client: { id, name, kind }, redirectUri };
}

function statesOf(originalUrl: string, publicUrl: string): string | undefined {
  const states = new URL(originalUrl, publicUrl).searchParams.getAll('state');
  return states.length === 1 && !isTooLong(states[0]) ? states[0] : undefined;
}

const isTooLong = (state = '') => encodeURIComponent(state.toWellFormed()).length > longestState;

/**
 * Scopes, `nonce`, `max_age`, `login_hint` and other values of `prompt` change nothing: there is always a login, and always
 * the question.
 * @throws {OAuthError} what the client gets
 */
function whatIsAsked(
  publicUrl: string,
  client: Asked['client'],
  one: Parameters,
): Pick<Asked, 'challenge' | 'resource'> {
  if (isTooLong(one('state'))) throw new OAuthError('invalid_request', 'The state is too long.');
  if (one('response_type') !== 'code') throw new OAuthError('unsupported_response_type', 'Ask for response_type=code.');
  if ((one('response_mode') ?? 'query') !== 'query')
    throw new OAuthError('invalid_request', 'Answers are sent in the query only: response_mode=query.');
  const challenge = one('code_challenge') ?? '';
  if (one('code_challenge_method') !== 'S256' || !/^[\w-]{43}$/.test(challenge))
    throw new OAuthError('invalid_request', 'PKCE with code_challenge_method=S256 is needed.');
  const resource = resourceFor(publicUrl, client, one('resource'));
  if (one('prompt') === 'none') throw new OAuthError('login_required', 'A person has to log in for this.');
  return { challenge, resource };
}

/** The command line asks for a session and nothing else, and no other client may: `resourceOf` knows no such audience. */
function resourceFor(publicUrl: string, { kind }: Asked['client'], asked: string | undefined): string {
  if (kind === 'command line') {
    if (asked === publicUrl + commandLine.sessionPath) return asked;
    throw new OAuthError('invalid_target', `The command line asks for ${publicUrl}${commandLine.sessionPath} only.`);
  }
  const resource = resourceOf(publicUrl, asked ?? `${publicUrl}/mcp`);
  if (resource !== undefined) return resource;
  throw new OAuthError('invalid_target', 'The resource is not the address of an MCP server of this gateway.');
}

/** Not to a site that anyone can register: the gateway's address would lead there without a question (RFC 9700 section 4.11). */
function answerError(deps: OAuthDeps, res: Response, asked: Asked, error: OAuthError): void {
  if (destinationOf(asked) === 'site')
    throw new RequestRefused(400, 'The client cannot be connected', [
      `The client has made a mistake. ${error.message}`,
    ]);
  sendAnswer(deps, res, asked, { error: error.error, error_description: error.message });
}
