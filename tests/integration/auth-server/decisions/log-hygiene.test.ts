import { decodeJwt, type JWTPayload } from 'jose';
import {
  type AuthServer,
  agentClaims,
  keys,
  now,
  oldSecretKey,
  personClaims,
  publicUrl,
  registryPage,
  secretKey,
  startAuthServer,
  toolCall,
  webSecret,
} from '../../../support/auth-server/auth-fixture.ts';
import { newVisitor } from '../../../support/auth-server/visitor.ts';
import { type RunningCognito, startCognito } from '../../../support/stand-in/start.ts';

let cognito: RunningCognito;
let auth: AuthServer;
beforeEach(async () => {
  cognito = await startCognito({ keys });
  auth = await startAuthServer(cognito.url);
});
afterEach(async () => {
  await auth.close();
  await cognito.close();
});

/** Searches for each secret verbatim, percent-encoded, and as the parts of a JWT. */
function expectNoneIn(lines: readonly string[], secrets: readonly string[]): void {
  const text = lines.join('');
  for (const secret of secrets.flatMap((whole) => [whole, encodeURIComponent(whole), ...whole.split('.')])) {
    if (secret.length >= 16) expect(text).not.toContain(secret);
  }
  expect(text).not.toMatch(/eyJ[\w-]{10}/);
}

const lineOf = (lines: readonly string[]) => lines.map((line) => JSON.parse(line));

describe('the log at level debug (J13, p7)', () => {
  test('contains no code, state, cookie or secret of a login and a logout', async () => {
    const person = newVisitor(auth.url);
    const authorize = await person.start('/servers?token=in-the-query-string');
    const attempt = person.cookies();
    const back = await person.signIn(authorize);
    await person.get(back);
    const session = [...person.jar.values()];
    const sid = String(decodeJwt(session[0] ?? '').sid);
    await newVisitor(auth.url).get(back);
    await person.post('/oauth2/logout/cognito', { Origin: publicUrl });
    expect(lineOf(auth.lines).map((line) => line.msg)).toEqual([
      'login started',
      'logged in',
      'This login cannot be finished',
      'logged out',
    ]);
    const parameters = [...authorize.searchParams].filter(([name]) => /state|nonce|challenge/.test(name));
    const code = back.searchParams.get('code') ?? '';
    expect(code.length).toBeGreaterThan(16);
    expectNoneIn(auth.lines, [...parameters.map(([, value]) => value), code, attempt, ...session, sid]);
    expectNoneIn(auth.lines, [webSecret, secretKey, oldSecretKey, 'in-the-query-string']);
  });

  test('contains no code, token or secret when the login fails, at any step', async () => {
    const wrong = await startAuthServer(cognito.url, { clientSecret: 'wrongsecret'.repeat(5) });
    const stranger = await cognito.control.signIn('bob', '1webclient0000000000000000');
    const codes: string[] = [];
    const tryLogin = async (server: AuthServer, change: (back: URL) => void = () => undefined) => {
      const person = newVisitor(server.url);
      const back = await person.signIn(await person.start());
      codes.push(back.searchParams.get('code') ?? '');
      change(back);
      expect((await person.get(back)).status).toBeGreaterThanOrEqual(400);
    };
    try {
      await tryLogin(wrong);
      cognito.control.failNext('/oauth2/token', 200, stranger);
      await tryLogin(auth);
      cognito.control.failNext('/oauth2/token', 500);
      await tryLogin(auth);
      await tryLogin(auth, (back) => back.searchParams.set('iss', 'https://evil.example'));
      await tryLogin(auth, (back) => back.searchParams.append('code', codes[0] ?? ''));
      await tryLogin(auth, (back) => back.searchParams.set('error', 'access_denied'));
      expect(wrong.lines.length + auth.lines.length).toBeGreaterThanOrEqual(12);
      for (const { lines } of [wrong, auth]) {
        expectNoneIn(lines, [...codes, ...Object.values(stranger).map(String), webSecret, 'wrongsecret'.repeat(5)]);
      }
    } finally {
      await wrong.close();
    }
  });

  test('contains no credential of any request, valid or invalid', async () => {
    const mint = (claims: JWTPayload) => cognito.control.mint('access', claims);
    const session = await auth.session();
    const tokens = [
      await mint(personClaims()),
      await mint(agentClaims()),
      await mint(personClaims({ exp: now() - 1 })),
      await mint(personClaims({ client_id: 'other' })),
      'rubbish-that-is-still-somebodys-secret',
    ];
    for (const token of tokens) await auth.validate({ Authorization: `Bearer ${token}` });
    await auth.validate({ Authorization: 'Basic c2VjcmV0OnBhc3N3b3Jk' });
    await auth.validate({ Cookie: session });
    await auth.validate({ Cookie: `${session}-and-more` });
    await auth.validate({ Cookie: session, 'X-Original-URI': '/currenttime/mcp?api_key=key-in-the-query' });
    await auth.validate(
      { Cookie: session },
      { ...toolCall('t'), params: { name: 't', arguments: { key: 'an-argument' } } },
    );
    await auth.validate({ ...registryPage, Cookie: session, 'X-Original-URI': '/x?code=code-in-the-query' }, '');
    expect(auth.lines).toHaveLength(11);
    expectNoneIn(auth.lines, [...tokens, session.split('=')[1] ?? '', 'c2VjcmV0OnBhc3N3b3Jk']);
    expect(auth.lines.join('')).not.toMatch(/key-in-the-query|an-argument|code-in-the-query/);
  });

  test('records for each decision who asked for what, and the result', async () => {
    const Cookie = await auth.session({ groups: ['mcp-registry-user'] });
    await auth.validate({ Cookie, 'X-Request-Id': 'r-1' }, toolCall('t'));
    await auth.validate({ Cookie });
    await auth.validate({});
    expect(lineOf(auth.lines)).toMatchObject([
      {
        verdict: 'deny',
        reason: 'not_permitted',
        status: 403,
        request_id: 'r-1',
        username: 'alice',
        server: 'currenttime',
        method: 'tools/call',
        object: 't',
        http: 'POST /currenttime/mcp',
      },
      { verdict: 'allow', rule: 'mcp-servers-restricted/read[0]', method: 'tools/list' },
      { verdict: 'deny', reason: 'credentials_missing', status: 401, level: 'info' },
    ]);
  });

  test('cannot be forged with a line break in a name, and keeps every line within the limit', async () => {
    const Cookie = await auth.session();
    const evil = 'x\n{"level":"info","verdict":"allow","username":"root"}\r\n';
    await auth.validate({ Cookie }, { jsonrpc: '2.0', id: evil, method: evil });
    await auth.validate(
      { Cookie },
      { ...toolCall('t'), method: 'prompts/get', params: { name: evil + 'y'.repeat(20_000) } },
    );
    await auth.validate({ Cookie }, toolCall(evil));
    await auth.validate({ Cookie }, { jsonrpc: '2.0', id: 1, method: 'z'.repeat(20_000) });
    await auth.validate({ Cookie, 'X-Original-URI': `/currenttime/mcp/${'u'.repeat(7000)}` });
    expect(auth.lines).toHaveLength(5);
    for (const line of auth.lines) {
      expect(line.trimEnd()).not.toMatch(/[\r\n]/);
      expect(JSON.parse(line).username).toBe('alice');
      expect(line.length).toBeLessThan(2500);
    }
  });
});
