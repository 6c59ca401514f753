import { hash, randomBytes } from 'node:crypto';
import { type Ask, reasonOf } from '../ask.ts';
import { type Finding, fail, ok, shown, warn } from '../finding.ts';
import type { PoolSetup } from '../setup.ts';
import type { Discovery } from './provider.ts';

/** Where command lines before 0.2.0 receive their login. */
const callbackUrl = 'http://localhost:9090/callback';

/** The scopes that the gateway's login asks for. */
export const loginScopes = ['openid', 'email', 'profile', 'aws.cognito.signin.user.admin'] as const;

/** The answer of /oauth2/authorize to a browser without a session. */
type Verdict = 'login' | 'redirect_mismatch' | 'invalid_scope' | 'unknown_client' | 'not_answered' | (string & {});

/**
 * Which URLs are registered, and are the login's scopes allowed? Sends the request that a browser sends after "sign in", and
 * checks only where it is redirected: to the login page, back with an error, or to Cognito's own error page, the only place
 * that shows an unregistered callback (Cognito, "Authorize endpoint", "Logout endpoint").
 */
export async function checkLogin(pool: PoolSetup, discovery: Discovery, ask: Ask): Promise<Finding[]> {
  const probe = (callback: string, scopes: readonly string[]) => authorize(pool, discovery, ask, callback, scopes);
  const verdict = await probe(pool.callback, ['openid']);
  const plain = /^http:\/\/(?!localhost[:/])/.test(pool.callback)
    ? [warn('callback', `${pool.callback} is plain http, which Cognito accepts for localhost only`, 'use https')]
    : [];
  const found =
    verdict === 'login'
      ? [ok('callback', `${pool.callback} is registered`), await checkScopes(pool, probe)]
      : [await explain(pool, verdict, probe)];
  return [...plain, ...found, await checkSignOut(pool, discovery, ask)];
}

/** Would `mcp-gateway login` before 0.2.0 get back to the command line, with the app client whose logins become sessions? */
export async function checkCommandLine(pool: PoolSetup, discovery: Discovery, ask: Ask): Promise<Finding[]> {
  const { cliClientId: clientId } = pool;
  if (clientId === undefined) return [];
  const verdict = await authorize({ ...pool, clientId }, discovery, ask, callbackUrl, ['openid']);
  if (verdict === 'login') return [ok('command line', `${callbackUrl} is registered in app client ${clientId}`)];
  const known: Record<string, [string, string]> = {
    redirect_mismatch: [
      `${callbackUrl} is not registered in app client ${clientId} (redirect_mismatch)`,
      `list it in app client ${clientId} > Login pages > Allowed callback URLs`,
    ],
    unknown_client: [`the pool does not know the app client ${clientId}`, 'check COGNITO_CLI_CLIENT_ID'],
  };
  const unexpected = `the login page gave an unexpected answer to app client ${clientId}: ${shown(verdict)}`;
  const [seen, todo] = known[verdict] ?? [
    unexpected,
    `compare app client ${clientId} > Login pages with docs/cognito.md`,
  ];
  return [fail('command line', seen, todo)];
}

type Probe = (callback: string, scopes: readonly string[]) => Promise<Verdict>;

async function authorize(
  pool: PoolSetup,
  { authorization_endpoint }: Discovery,
  ask: Ask,
  callback: string,
  scopes: readonly string[],
): Promise<Verdict> {
  const url = new URL(authorization_endpoint);
  const random = () => randomBytes(32).toString('base64url');
  const parameters = {
    response_type: 'code',
    client_id: pool.clientId,
    redirect_uri: callback,
    scope: scopes.join(' '),
    state: random(),
    nonce: random(),
    code_challenge: hash('sha256', random(), 'base64url'),
    code_challenge_method: 'S256',
  };
  for (const [name, value] of Object.entries(parameters)) url.searchParams.set(name, value);
  try {
    return verdictOf(await ask(url.href), url, callback);
  } catch (error) {
    return `not_answered: ${reasonOf(error)}`;
  }
}

function verdictOf(response: Response, asked: URL, callback: string): Verdict {
  const location = URL.parse(response.headers.get('location') ?? '', asked);
  if (response.status === 200) return 'login';
  if (!location) return `status ${response.status}`;
  const error = location.searchParams.get('error');
  if (location.href.startsWith(callback) && error)
    return location.searchParams.get('error_description') === 'invalid_scope' ? 'invalid_scope' : error;
  if (location.pathname.endsWith('/error')) return error === 'redirect_mismatch' ? error : 'unknown_client';
  // A pool that uses only an external identity provider redirects straight to it.
  const onward = location.origin !== asked.origin && !error;
  return onward || location.pathname.endsWith('/login') ? 'login' : `sent to ${location.pathname}`;
}

async function explain(pool: PoolSetup, verdict: Verdict, probe: Probe): Promise<Finding> {
  const { callback, clientId } = pool;
  if (verdict === 'redirect_mismatch') {
    const others = await registeredVariants(pool, probe);
    const seen = others.length > 0 ? `; registered instead: ${others.join(', ')}` : '';
    const todo = `list it character for character in app client ${clientId} > Login pages > Allowed callback URLs`;
    return fail('callback', `Callback we send: ${callback}. It is not registered (redirect_mismatch)${seen}`, todo);
  }
  if (verdict === 'unknown_client')
    return fail('callback', `the pool does not know the app client ${clientId}`, 'check COGNITO_CLIENT_ID');
  if (verdict === 'unauthorized_client') {
    const todo = 'App clients > Login pages > Edit > Grant type: Authorization code';
    return fail('callback', `app client ${clientId} may not use the authorization code grant`, todo);
  }
  if (verdict === 'invalid_scope')
    return fail('scopes', `app client ${clientId} does not allow openid`, 'App clients > Login pages > OpenID scopes');
  const seen = `the login page gave an unexpected answer: ${shown(verdict)}`;
  return fail('callback', seen, "open the pool's domain in a browser");
}

/** Of the URLs that people often register by mistake, those that the app client has. */
async function registeredVariants({ callback, publicUrl }: PoolSetup, probe: Probe): Promise<string[]> {
  const { protocol, hostname, pathname } = new URL(callback);
  const path = pathname.replace(/\/$/, '');
  const other = protocol === 'https:' ? 'http:' : 'https:';
  const candidates = [
    `${callback}/`,
    publicUrl.replace('//127.0.0.1', '//localhost') + path,
    `${protocol}//${hostname}${path}`,
    `${other}//${hostname}${path}`,
    `http://localhost:8080${path}`,
    `http://localhost:8888${path}`,
    `http://localhost${path}`,
  ];
  const tried = [...new Set(candidates)].filter((url) => url !== callback);
  const verdicts = await Promise.all(tried.map((url) => probe(url, ['openid'])));
  return tried.filter((_, i) => verdicts[i] === 'login');
}

async function checkScopes(pool: PoolSetup, probe: Probe): Promise<Finding> {
  if ((await probe(pool.callback, loginScopes)) === 'login')
    return ok('scopes', `${loginScopes.join(' ')} are allowed`);
  // Cognito does not name the scope: try each one together with openid.
  const verdicts = await Promise.all(loginScopes.map((scope) => probe(pool.callback, ['openid', scope])));
  const missing = loginScopes.filter((_, i) => verdicts[i] !== 'login');
  return fail(
    'scopes',
    `App client ${pool.clientId} does not allow ${missing.join(', ') || 'all scopes together'} (invalid_scope)`,
    'App clients > Login pages > Edit > OpenID Connect scopes: choose openid, email, profile and aws.cognito.signin.user.admin',
  );
}

/** Signs out without a session: the answer redirects to the sign-out URL, or to Cognito's error page. */
async function checkSignOut(pool: PoolSetup, discovery: Discovery, ask: Ask): Promise<Finding> {
  const { end_session_endpoint } = discovery;
  if (end_session_endpoint === undefined)
    return warn('sign-out', 'discovery names no logout address', 'signing out ends the session at the gateway only');
  const url = new URL(end_session_endpoint);
  url.searchParams.set('client_id', pool.clientId);
  url.searchParams.set('logout_uri', pool.signOut);
  try {
    const location = (await ask(url.href)).headers.get('location');
    if (location === pool.signOut) return ok('sign-out', `${pool.signOut} is registered`);
    const seen = `Sign-out URL we send: ${pool.signOut}. It is not registered: people would stay signed in at Cognito`;
    return fail('sign-out', seen, `list it in app client ${pool.clientId} > Login pages > Allowed sign-out URLs`);
  } catch (error) {
    return fail('sign-out', `Cannot reach ${shown(end_session_endpoint)}: ${reasonOf(error)}`, 'try again');
  }
}
