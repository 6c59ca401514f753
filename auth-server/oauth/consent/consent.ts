import type { Request, RequestHandler } from 'express';
import { nowInSeconds } from '../../../common/time/now.ts';
import { type Client, clientDigest } from '../clients/client.ts';
import type { OAuthDeps } from '../deps.ts';
import type { CodeKind } from '../store/migrations.ts';
import type { Answer, AuthorizationRequest } from '../store/requests.ts';
import { consentPage } from './consent-page.ts';
import { findRequest, openRequest } from './open-request.ts';
import { kindOfResource, type Permits, permitsOf } from './permits.ts';
import { type Person, unlockPerson } from './person.ts';
import { RequestRefused, requestGone } from './refusal.ts';
import { chooseLogin } from './request-login.ts';
import { sendAnswer } from './send-answer.ts';

/** How long a second click on the same button gets the same answer. */
const repeatSeconds = 60;

/**
 * `GET /oauth2/consent/:uid` shows the question, after a login. It is shown for every code: a hostile MCP server that leads
 * a client here cannot be told from a person who opens the page.
 */
export function showConsent(deps: OAuthDeps): RequestHandler {
  return async (req, res) => {
    const request = await openRequest(deps, req);
    const person = await personOf(deps, request);
    if (!person) return chooseLogin(deps, res, request);
    consentPage(deps, res, request, person, permitsFor(deps, request, person));
  };
}

/** `POST /oauth2/consent/:uid` takes the answer, and sends it to the client. */
export function takeConsent(deps: OAuthDeps): RequestHandler {
  return async (req, res) => {
    // Browsers send Origin with every POST; `null` comes from a sandbox.
    if (req.get('origin') !== deps.publicUrl)
      throw new RequestRefused(403, 'Nothing was allowed', ['Another site has sent this answer.']);
    const answer = answerIn(req);
    const request = await findRequest(deps, req);
    const { answer: before, answeredAt = 0 } = request;
    if (before !== undefined && (before !== answer || nowInSeconds() - answeredAt >= repeatSeconds))
      throw requestGone();
    const { uid, asked } = request;
    if (answer === 'deny') {
      if (before === undefined) await deny(deps, request);
      return sendAnswer(deps, res, asked, { error: 'access_denied', error_description: 'You did not allow it.' });
    }
    if (before === undefined) await allow(deps, request);
    const code = await deps.grants.codeOf(codeKindOf(asked.client), uid);
    if (code === undefined) throw requestGone();
    sendAnswer(deps, res, asked, { code });
  };
}

function answerIn(req: Request): Answer {
  const answer: unknown = req.body?.answer;
  if (answer === 'allow' || answer === 'deny') return answer;
  throw new RequestRefused(400, 'Nothing was allowed', ['The form was not complete. Go back, and press a button.']);
}

async function deny(
  { requests, records, log }: OAuthDeps,
  { uid, asked, person }: AuthorizationRequest,
): Promise<void> {
  if ((await requests.answer(uid, 'deny')) !== 'deny') throw requestGone();
  log.info({ client: clientDigest(asked.client.id), resource: asked.resource }, 'a client was not allowed');
  if (person !== undefined) void records.forget([person]);
}

/** Each step may be repeated, and the request is answered last: after a failure in between, the person clicks again. */
async function allow(deps: OAuthDeps, request: AuthorizationRequest): Promise<void> {
  const { grants, records, requests } = deps;
  const { uid, asked } = request;
  const person = await personOf(deps, request);
  if (!person || !permitsFor(deps, request, person).any) throw requestGone();
  const { client, resource, redirectUri, challenge } = asked;
  const sid = grants.sidOf(uid);
  const until = await records.open(sid, asked, person);
  const grant = { sid, client: clientDigest(client.id), resource, until };
  await grants.addCode(codeKindOf(client), uid, grant, { redirectUri, challenge });
  if ((await requests.answer(uid, 'allow')) === 'allow') return;
  await records.end(sid, 'client_denied');
  throw requestGone();
}

const codeKindOf = ({ kind }: Pick<Client, 'kind'>): CodeKind => (kind === 'command line' ? 'session code' : 'code');

/** @returns undefined before the login, or if SECRET_KEY has changed since */
async function personOf({ vault }: OAuthDeps, { person }: AuthorizationRequest): Promise<Person | undefined> {
  return person === undefined ? undefined : await unlockPerson(vault, person);
}

function permitsFor(deps: OAuthDeps, { asked }: AuthorizationRequest, { groups }: Person): Permits {
  return permitsOf(deps.policy(), groups, kindOfResource(deps.publicUrl, asked.resource));
}
