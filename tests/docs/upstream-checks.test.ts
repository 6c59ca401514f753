import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { copyFileSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join, resolve } from 'node:path';
import { exportSPKI, generateKeyPair, importJWK, type JWTPayload, SignJWT } from 'jose';
import { createAssertionSigner } from '../../auth-server/identity/assertion.ts';
import type { Principal } from '../../auth-server/identity/principal.ts';
import { openStore } from '../../auth-server/store/store.ts';
import {
  type AuthServer,
  alice,
  keys,
  now,
  startAuthServer,
  temporaryDirectory,
} from '../support/auth-server/auth-fixture.ts';
import { type RunningCognito, startCognito } from '../support/stand-in/start.ts';
import { blocks, type Checked, findPython, startPython, startTypeScript, writeTypeScript } from './upstream-servers.ts';

let home: ReturnType<typeof temporaryDirectory>;
let cognito: RunningCognito;
let auth: AuthServer;
let front: Server;
let gateway: string;
const checked: Record<string, Checked> = {};

beforeAll(async () => {
  home = temporaryDirectory();
  cognito = await startCognito({ keys });
  // Takes the place of nginx: the issuer of the assertions, with the auth-server's keys behind it.
  front = createServer(async (req, res) => {
    const answer = await fetch(auth.url + req.url);
    res.writeHead(answer.status, { 'Content-Type': 'application/json' }).end(await answer.text());
  }).listen(0, '127.0.0.1');
  await once(front, 'listening');
  gateway = `http://localhost:${(front.address() as AddressInfo).port}`;
  auth = await startAuthServer(cognito.url, { publicUrl: gateway });
  checked.TypeScript = await startTypeScript(join(home.directory, 'ts'), gateway, 'currenttime');
  checked.Python = await startPython(join(home.directory, 'py'), gateway, 'currenttime');
});
afterAll(async () => {
  for (const server of Object.values(checked)) await server.close();
  front?.closeAllConnections();
  await new Promise((closed) => front.close(closed));
  await auth?.close();
  await cognito?.close();
  home.remove();
});

async function fromGateway(server: string): Promise<string> {
  const headers = { Cookie: await auth.session(), 'X-Mcp-Server': server, 'X-Original-URI': `/${server}/mcp` };
  const assertion = (await auth.validate(headers)).headers.get('x-mcp-assertion');
  if (!assertion) throw new Error('the auth-server sent no assertion');
  return assertion;
}

/** An assertion with the claims and the key of the auth-server, unless arguments replace them. */
async function signed(
  change: { [claim in keyof JWTPayload]: unknown } = {},
  header: object = {},
  key?: CryptoKey | Uint8Array,
): Promise<string> {
  const own = await ownKey();
  const claims = { iss: gateway, aud: `${gateway}/currenttime`, sub: 'x', username: 'x', iat: now(), exp: now() + 60 };
  return new SignJWT({ ...claims, ...change } as JWTPayload)
    .setProtectedHeader({ alg: 'EdDSA', kid: own.kid, typ: 'JWT', ...header })
    .sign(key ?? (await importJWK(own.jwk, 'EdDSA')));
}
async function ownKey() {
  const key = (await auth.store.keys.list()).find((each) => each.signsSince !== undefined);
  if (!key) throw new Error('the auth-server has no key');
  return key;
}
const json = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');
async function asSecret(form: 'raw' | 'jwk' | 'pem'): Promise<Uint8Array> {
  const { kty, crv, x = '', kid } = (await ownKey()).jwk;
  if (form === 'raw') return Buffer.from(x, 'base64url');
  if (form === 'jwk') return Buffer.from(JSON.stringify({ kty, crv, x, kid }));
  return Buffer.from(await exportSPKI((await importJWK({ kty: 'OKP', crv, x } as never, 'EdDSA')) as CryptoKey));
}
async function tampered(change: (parts: [string, string, string]) => string[]): Promise<string> {
  return change((await fromGateway('currenttime')).split('.') as [string, string, string]).join('.');
}
const foreign = () => generateKeyPair('EdDSA');

const person: Principal = {
  kind: 'person',
  subject: alice.sub,
  username: 'alice',
  clientId: undefined,
  groups: [],
  scopes: [],
  authMethod: 'session_cookie',
  sessionId: 'sid-1',
  expiresAt: now() + 3600,
};

const refused: [string, () => Promise<string | undefined>][] = [
  ['is missing', async () => undefined],
  ['is empty', async () => ''],
  ['is not a JWT', async () => 'alice'],
  ['is not ASCII', async () => 'é.ü.ß'],
  ['was made for another server', () => fromGateway('fininfo')],
  ['was made for a server whose name has the same beginning', () => signed({ aud: `${gateway}/currenttime2` })],
  ['was made for the registry', () => signed({ aud: `${gateway}/#registry` })],
  ['has expired', () => signed({ iat: now() - 130, exp: now() - 10 })],
  ['never expires', () => signed({ exp: undefined })],
  ['names no subject', () => signed({ sub: undefined })],
  ['comes from another gateway', () => signed({ iss: 'https://other.example' })],
  ['comes from a gateway whose address has the same beginning', () => signed({ iss: `${gateway}/` })],
  [
    'was modified',
    () => tampered(([h, , s]) => [h, json({ ...alice, iss: gateway, aud: `${gateway}/currenttime` }), s]),
  ],
  ['has another signature', () => tampered(([h, p, s]) => [h, p, (s.startsWith('A') ? 'B' : 'A') + s.slice(1)])],
  ['has no signature', () => tampered(([h, p]) => [h, p, ''])],
  ['declares alg none', () => tampered(([, p]) => [json({ alg: 'none', typ: 'JWT' }), p, ''])],
  [
    'declares alg none with the kid',
    async () => {
      const { kid } = await ownKey();
      return tampered(([, p]) => [json({ alg: 'none', kid }), p, '']);
    },
  ],
  [
    'is signed by HS256 with the public key as the secret',
    async () => signed({}, { alg: 'HS256' }, await asSecret('raw')),
  ],
  [
    'is signed by HS256 with the public JWK as the secret',
    async () => signed({}, { alg: 'HS256' }, await asSecret('jwk')),
  ],
  [
    'is signed by HS256 with the public PEM as the secret',
    async () => signed({}, { alg: 'HS256' }, await asSecret('pem')),
  ],
  ['is signed by a foreign key under the same kid', async () => signed({}, {}, (await foreign()).privateKey)],
  [
    'is signed by a foreign key under its own kid',
    async () => signed({}, { kid: 'mine' }, (await foreign()).privateKey),
  ],
  [
    'is signed by a foreign key and has no kid',
    async () => signed({}, { kid: undefined }, (await foreign()).privateKey),
  ],
];

describe.each(['TypeScript', 'Python'])('the %s of docs/upstreams.md', (language) => {
  const ask = (assertion: string | undefined) => (checked[language] as Checked).ask(assertion);

  test('accepts a caller of the gateway, and knows who it is', async () => {
    const { status, said } = await ask(await fromGateway('currenttime'));
    expect(said).toContain(alice.sub);
    expect(said).toContain('alice');
    expect(status).toBe(200);
  });

  test('accepts a valid assertion that the test itself has signed', async () => {
    // Each assertion that is refused below differs from this one in one point.
    expect((await ask(await signed())).status).toBe(200);
  });

  test.each(refused)('refuses an assertion that %s', async (_what, make) => {
    expect(await ask(await make())).toMatchObject({
      status: 401,
      said: expect.stringContaining('through the gateway'),
    });
  });

  test('refuses every caller when the keys cannot be fetched', async () => {
    const start = language === 'Python' ? startPython : startTypeScript;
    const cut = await start(join(home.directory, `cut-${language}`), 'http://127.0.0.1:1', 'currenttime');
    try {
      expect((await cut.ask(await signed({ iss: 'http://127.0.0.1:1' }))).status).toBe(401);
    } finally {
      await cut.close();
    }
  });
});

describe('the document', () => {
  test('has TypeScript that compiles under strict rules', () => {
    const directory = join(home.directory, 'types');
    writeTypeScript(directory, gateway, 'currenttime', 8000);
    copyFileSync('tsconfig.json', join(directory, 'base.json'));
    writeFileSync(
      join(directory, 'tsconfig.json'),
      '{"extends":"./base.json","compilerOptions":{"types":["node"]},"include":["*.ts"]}',
    );
    execFileSync(process.execPath, [resolve('node_modules/typescript/bin/tsc'), '-p', directory], { encoding: 'utf8' });
  });

  test('has Python for FastMCP that Python can parse', () => {
    const [, , fastMcp = ''] = blocks('python');
    expect(fastMcp).toContain('RequireCaller(mcp.streamable_http_app())');
    execFileSync(findPython(), ['-c', 'import ast, sys; ast.parse(sys.stdin.read())'], { input: fastMcp });
  });

  test('says what to install when Python or PyJWT is missing', () => {
    expect(() => findPython(['no-such-python', 'false'])).toThrow(/apt-get install python3 python3-jwt/);
  });

  test('has a command that replaces a stolen key while the gateway runs', async () => {
    const other = temporaryDirectory();
    symlinkSync(resolve('node_modules'), join(other.directory, 'node_modules'));
    const store = await openStore(join(other.directory, 'data'));
    try {
      const signer = await createAssertionSigner(store.keys, gateway);
      const before = await signer.jwks();
      execFileSync('sh', ['-ec', blocks('sh', 'docs/operations/database.md')[0] ?? 'false'], {
        cwd: other.directory,
        stdio: 'pipe',
      });
      expect((await signer.jwks()).keys).toEqual([]);
      await signer.sign(person, 'currenttime');
      expect((await signer.jwks()).keys).toHaveLength(1);
      expect(await signer.jwks()).not.toEqual(before);
    } finally {
      await store.close();
      other.remove();
    }
  });

  test('names every claim that an assertion has', async () => {
    const text = readFileSync('docs/upstreams.md', 'utf8');
    const [header, payload] = (await fromGateway('currenttime'))
      .split('.')
      .slice(0, 2)
      .map((part) => Object.keys(JSON.parse(Buffer.from(part, 'base64url').toString())));
    for (const name of [...(header ?? []), ...(payload ?? []), 'client_id', 'tool'])
      expect(text).toMatch(`\`${name}\``);
  });
});
