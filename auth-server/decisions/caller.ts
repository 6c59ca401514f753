import { createHmac, hash, randomBytes } from 'node:crypto';
import type { KnownCaller } from '../audit/record.ts';
import { perPrincipal } from '../identity/per-principal.ts';

/** Most groups and most scopes that are kept of a caller: as many groups as a session's record keeps. */
const mostNamed = 500;
/** A caller is given again after this long, so that what keeps callers may forget those without records. */
const repeatMilliseconds = 6 * 3_600_000;

/** Makes one salt for each person and process, so that a person is kept once however often their token changes. */
const saltKey = randomBytes(32);

/**
 * The groups and scopes of a principal, for the audit: all that were named, also those that the policy does not know. A
 * person's scopes are those of their groups.
 * @returns the digest, and the whole if it was not given in the last hours
 */
export const knownCaller = perPrincipal(({ kind, subject, groups, scopes, unknown = [] }) => {
  const isAgent = kind === 'agent';
  const named = {
    groups: (isAgent ? groups : [...groups, ...unknown]).slice(0, mostNamed),
    scopes: (isAgent ? [...scopes, ...unknown] : scopes).slice(0, mostNamed),
  };
  const salt = createHmac('sha256', saltKey).update(`${kind} ${subject}`).digest('base64url');
  const text = JSON.stringify({ salt, ...named });
  const digest = hash('sha256', text, 'base64url');
  let given = Number.NEGATIVE_INFINITY;
  return {
    digest,
    ifNew(now = Date.now()): KnownCaller | undefined {
      if (now - given < repeatMilliseconds) return undefined;
      given = now;
      return { digest, text };
    },
  };
});
