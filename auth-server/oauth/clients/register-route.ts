import express, { type RequestHandler, Router } from 'express';
import type { Logger } from '../../../common/service/log.ts';
import { createNetworkLimit, limitEach } from '../../limits/rate-limit.ts';
import { forAnyPage, jsonErrors } from '../answers.ts';
import { OAuthError } from '../oauth-error.ts';
import type { Clients } from './clients.ts';

export interface RegistrationDeps {
  clients: Clients;
  log: Logger;
}

/** Four redirect addresses of the greatest length and a name fit many times. */
const longestBody = '8kb';
/** Some clients register twice for each login, and a whole office may have one address. */
const registrationsPerMinute = 120;

/** `POST /oauth2/register` (RFC 7591), open to everyone: no credentials are read, and nothing is stored. */
export function registrationRoute({ clients, log }: RegistrationDeps): Router {
  const router = Router({ caseSensitive: true, strict: true });
  const path = '/oauth2/register';
  // Some clients send no content type.
  const json = express.json({ limit: longestBody, inflate: false, type: () => true });
  const register: RequestHandler = async (req, res) => {
    const answer = await clients.register(req.body);
    res.status(201).set('Cache-Control', 'no-store').json(answer);
  };
  router.all(path, forAnyPage);
  router.post(path, limitEach(createNetworkLimit(registrationsPerMinute, tooMany)), json, register);
  router.use(
    path,
    jsonErrors('invalid_client_metadata', (err) => log.error({ err }, 'a client could not be registered')),
  );
  return router;
}

function tooMany(seconds: number): OAuthError {
  const text = `Too many clients were registered from this address. Try again in ${seconds} s.`;
  return new OAuthError('temporarily_unavailable', text, 429, seconds);
}
