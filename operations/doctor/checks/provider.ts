import * as z from 'zod';
import {
  cognitoIssuers,
  hostedDomain,
  isApiHost,
  withHostedDomain,
} from '../../../common/identity/cognito-endpoints.ts';
import { type Ask, jsonOf, reasonOf } from '../ask.ts';
import { type Finding, fail, ok, shown, warn } from '../finding.ts';
import type { PoolSetup } from '../setup.ts';

const discoverySchema = z.object({
  issuer: z.string(),
  authorization_endpoint: z.url(),
  token_endpoint: z.url(),
  end_session_endpoint: z.url().optional(),
  jwks_uri: z.url(),
});

/** The parts of a user pool's discovery document that the checks use. */
export type Discovery = z.output<typeof discoverySchema>;

/**
 * Reads the pool's discovery document and its keys (Cognito, "OIDC endpoints"): does the pool exist, which form of issuer
 * does it have, does it have a domain, and does our clock agree with its clock?
 * @param allow called with each further host that the document names
 * @returns the findings, and the document if it could be read
 */
export async function checkProvider(
  pool: PoolSetup,
  domain: string | undefined,
  ask: Ask,
  allow: (url: string) => void,
): Promise<{ findings: Finding[]; discovery?: Discovery }> {
  const read = await readDiscovery(pool, ask, allow);
  if ('check' in read) return { findings: [read] };
  const { date, discovery: named } = read;
  const findings = [checkIssuer(pool, named), checkDomain(pool, named, domain), checkClock(date)];
  const keys = await checkKeys(named.jwks_uri, ask);
  const { issuer, authorization_endpoint, token_endpoint } = named;
  const mended = withHostedDomain({ issuer, authorization_endpoint, token_endpoint }, pool.poolId, domain || undefined);
  const discovery: Discovery = { ...named, ...(mended as Partial<Discovery>) };
  for (const url of [discovery.authorization_endpoint, discovery.token_endpoint, discovery.end_session_endpoint])
    if (url && (pool.standIn !== undefined || url.startsWith('https://'))) allow(url);
  return { findings: [...findings, keys], discovery };
}

type Read = { discovery: Discovery; date: string | null } | Finding;

/** Reads the document of the issuer that answers, of the two that a pool can have. If none does, returns the first failure. */
async function readDiscovery(pool: PoolSetup, ask: Ask, allow: (url: string) => void): Promise<Read> {
  const issuers = cognitoIssuers(pool.poolId);
  for (const issuer of issuers) allow(issuer);
  const reads = await Promise.all(issuers.map((issuer) => fetchDiscovery(pool, issuer, ask)));
  const found = reads.find((read) => 'discovery' in read);
  return found ?? reads[0] ?? fail('discovery', 'not asked', 'check COGNITO_USER_POOL_ID');
}

async function fetchDiscovery(pool: PoolSetup, issuer: string, ask: Ask): Promise<Read> {
  const url = `${issuer}/.well-known/openid-configuration`;
  const where = pool.standIn === undefined ? url : `${url} (the stand-in at ${pool.standIn})`;
  try {
    const response = await ask(url);
    const parsed = discoverySchema.safeParse(await jsonOf(response));
    if (response.ok && parsed.success) return { discovery: parsed.data, date: response.headers.get('date') };
    const todo = 'check COGNITO_USER_POOL_ID: is there such a pool in this region?';
    return fail('discovery', `${where} answered ${response.status}, not a discovery document`, todo);
  } catch (error) {
    const todo = pool.standIn === undefined ? 'check DNS, firewall and proxy of this machine' : 'start it: npm run up';
    return fail('discovery', `Cannot fetch ${where}: ${reasonOf(error)}`, todo);
  }
}

function checkIssuer({ poolId }: PoolSetup, { issuer }: Discovery): Finding {
  const [original, updated] = cognitoIssuers(poolId);
  if (issuer === original) return ok('discovery', `issuer ${issuer}, in its original form`);
  if (issuer === updated) return ok('discovery', `issuer ${issuer}, the updated form of the same pool: accepted`);
  return fail('discovery', `the pool ${poolId} says that its issuer is ${shown(issuer)}`, 'check COGNITO_USER_POOL_ID');
}

/** A pool without a domain announces endpoints on the API's host, which has no login (Cognito, "User pool endpoints"). */
function checkDomain({ poolId }: PoolSetup, discovery: Discovery, configured: string | undefined): Finding {
  const { origin, hostname } = new URL(discovery.authorization_endpoint);
  const domain = configured?.trim() || undefined;
  const host = hostedDomain(poolId, domain);
  if (isApiHost(hostname)) {
    const seen = `Discovery shows no hosted domain (endpoints on ${hostname}); the login goes to ${host}`;
    const todo = 'create a domain under Branding > Domain, or set COGNITO_DOMAIN';
    return warn('domain', `${seen}, ${domain === undefined ? 'which is a guess' : 'from COGNITO_DOMAIN'}`, todo);
  }
  if (domain !== undefined && host !== hostname)
    return warn('domain', `${shown(origin)}, but COGNITO_DOMAIN means ${shown(host)}`, 'take COGNITO_DOMAIN out');
  return ok('domain', shown(origin));
}

function checkClock(date: string | null): Finding {
  const theirs = Date.parse(date ?? '');
  if (Number.isNaN(theirs)) return warn('clock', 'the answer has no Date header', 'compare the clock by hand');
  const seconds = Math.round((Date.now() - theirs) / 1000);
  const by = `our clock is ${Math.abs(seconds)} s ${seconds > 0 ? 'fast' : 'slow'}`;
  const times = `ours ${new Date().toISOString().slice(11, 19)}Z, theirs ${new Date(theirs).toISOString().slice(11, 19)}Z`;
  const todo = 'set the clock of this machine (NTP)';
  if (Math.abs(seconds) > 300) return fail('clock', `${by} (${times}): tokens will be refused`, todo);
  if (Math.abs(seconds) > 30) return warn('clock', `${by} (${times})`, todo);
  return ok('clock', `within ${Math.abs(seconds)} s of the provider's`);
}

async function checkKeys(url: string, ask: Ask): Promise<Finding> {
  try {
    const response = await ask(url);
    const { keys } = z.object({ keys: z.array(z.looseObject({ kid: z.string() })) }).parse(await jsonOf(response));
    if (keys.length > 1) return ok('keys', `${keys.length} keys in ${shown(url)}`);
    const todo = 'look at the address in a browser; a pool has two keys';
    return (keys.length === 0 ? fail : warn)('keys', `${keys.length} keys in ${shown(url)}`, todo);
  } catch (error) {
    const reason = error instanceof z.ZodError ? 'no keys' : reasonOf(error);
    const todo = 'no token can be checked without them: check firewall and proxy';
    return fail('keys', `Cannot fetch ${shown(url)}: ${reason}`, todo);
  }
}
