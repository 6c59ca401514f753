import { randomBytes } from 'node:crypto';
import { jwtVerify, SignJWT } from 'jose';
import { cleanText } from '../../../common/text/clean.ts';
import { nowInSeconds } from '../../../common/time/now.ts';
import { OAuthError } from '../oauth-error.ts';
import type { Client, Registration } from './client.ts';
import { checkRedirectUri } from './redirects.ts';

/** The longest client id. It is part of addresses, and nginx takes 16 kB of them. */
export const longestId = 2_000;
const mostRedirectUris = 10;
const longestName = 100;
const typ = 'client';

/**
 * Reads what a client says about itself, in a registration or a metadata document. Everything else that it asks for
 * (secrets, grants, scopes) is dropped: each client is public and uses codes and refresh tokens.
 * @throws {OAuthError} invalid_redirect_uri, invalid_client_metadata
 */
export function readRegistration(said: unknown): Registration {
  if (typeof said !== 'object' || said === null || Array.isArray(said))
    throw new OAuthError('invalid_client_metadata', 'Send a JSON object that has redirect_uris.');
  const { client_name: name, redirect_uris: uris } = said as Record<string, unknown>;
  if (!Array.isArray(uris) || uris.length === 0 || uris.length > mostRedirectUris)
    throw new OAuthError('invalid_redirect_uri', `Send one to ${mostRedirectUris} redirect_uris.`);
  return { name: shownName(name), redirectUris: [...new Set(uris.map(checkRedirectUri))] };
}

function shownName(name: unknown): string | undefined {
  if (typeof name !== 'string') return undefined;
  const clean = cleanText(name.slice(0, 10 * longestName), { replace: '' })
    .replace(/\s+/g, ' ')
    .trim();
  return [...clean].slice(0, longestName).join('').trim() || undefined;
}

/** Ids that hold a client's registration, signed. Nothing is stored, so strangers cannot fill anything. */
export interface SignedIds {
  /** @throws {OAuthError} invalid_redirect_uri */
  issue(registration: Registration): Promise<string>;
  /** @returns undefined for an id that this gateway has not issued */
  read(id: string): Promise<Client | undefined>;
}

/**
 * @param key signs all ids, for ever: Claude Code and mcp-remote do not recover from an id that is no longer known, so
 * it is random, kept in the store, and not made from SECRET_KEY
 */
export function createSignedIds(key: Uint8Array): SignedIds {
  return {
    async issue({ name, redirectUris }) {
      // Two programs that register alike are two clients: to end the access of one must not end that of the other.
      const unique = randomBytes(9).toString('base64url');
      const jwt = new SignJWT({ n: name, r: redirectUris, u: unique }).setProtectedHeader({ alg: 'HS256', typ });
      const id = await jwt.setIssuedAt(nowInSeconds()).sign(key);
      if (id.length > longestId)
        throw new OAuthError('invalid_redirect_uri', 'All redirect_uris together are too long.');
      return id;
    },
    async read(id) {
      if (!id.startsWith('eyJ')) return undefined;
      const verified = await jwtVerify<{ n?: string; r: string[] }>(id, key, { algorithms: ['HS256'], typ }).catch(
        () => undefined,
      );
      if (!verified) return undefined;
      return { id, name: verified.payload.n, redirectUris: verified.payload.r, kind: 'registered' };
    },
  };
}
