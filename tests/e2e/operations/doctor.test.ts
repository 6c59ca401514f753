import { spawn } from 'node:child_process';
import { createServer, type RequestListener, type Server } from 'node:http';
import { text } from 'node:stream/consumers';
import { createAsk } from '../../../operations/doctor/ask.ts';
import { lineOf } from '../../../operations/doctor/print.ts';
import { addGateways } from '../../../stand-in/pool/seed.ts';
import { freePorts } from '../../support/gateway/gateway.ts';
import { diagnose, goodSettings, linesOf } from '../../support/operations/doctor-fixture.ts';
import { bareEnvironment } from '../../support/process.ts';
import { keys, secretOf, seed, WEB } from '../../support/stand-in/cognito-fixture.ts';
import { type RunningCognito, startCognito } from '../../support/stand-in/start.ts';

let cognito: RunningCognito;
let gateway: Server;
let gatewayUrl: string;
let answer: RequestListener;
beforeEach(async () => {
  const [port = 0] = await freePorts(1);
  gatewayUrl = `http://localhost:${port}`;
  answer = healthy;
  gateway = createServer((req, res) => answer(req, res)).listen(port, '127.0.0.1');
  await new Promise((resolve) => gateway.once('listening', resolve));
  cognito = await startCognito({ seed: addGateways(seed, [gatewayUrl]), keys });
});
afterEach(async () => {
  await cognito.close();
  gateway.closeAllConnections();
  await new Promise((resolve) => gateway.close(resolve));
});

/** The answers of a healthy gateway: its health, its metadata, and 401 to a request without credentials. */
const healthy: RequestListener = (req, res) => {
  if (req.url === '/health') res.end('{"status":"up","nginx":"up","auth-server":"up","relay":"up","registry":"up"}');
  else if (req.url?.startsWith('/.well-known/')) res.end(JSON.stringify(metadata()));
  else res.writeHead(401).end();
};

/** Both documents in one. */
const metadata = () => ({
  resource: `${gatewayUrl}/doctor/mcp`,
  authorization_servers: [gatewayUrl],
  issuer: gatewayUrl,
  authorization_endpoint: `${gatewayUrl}/oauth2/authorize`,
  token_endpoint: `${gatewayUrl}/oauth2/token`,
  code_challenge_methods_supported: ['S256'],
});

/** The command as package.json would run it, with nothing of this machine's environment. */
async function run(args: string[], change: Record<string, string> = {}) {
  const settings = await goodSettings(cognito.url, gatewayUrl);
  const env = { ...bareEnvironment(), ...settings, ...change };
  const child = spawn(process.execPath, ['operations/doctor/main.ts', ...args], { env });
  const code = new Promise<number | null>((resolve) => child.on('close', resolve));
  const [stdout, stderr] = await Promise.all([text(child.stdout), text(child.stderr)]);
  return { stdout, stderr, code: await code };
}

describe('npm run doctor', () => {
  test('prints one line without colour for each check and exits with 0 if nothing is wrong', async () => {
    const { stdout, stderr, code } = await run([]);
    expect(stderr).toBe('');
    const lines = stdout.trim().split('\n');
    const checks = lines.filter((line) => /^(ok|warn) /.test(line)).map((line) => line.slice(6, 18).trim());
    expect(checks).toEqual([
      ...['settings', 'discovery', 'domain', 'clock', 'keys', 'app client', 'callback', 'scopes'],
      ...['sign-out', 'agent', 'groups', 'secret key', 'gateway', 'gate', 'mcp clients', 'ports'],
    ]);
    expect(lines.at(-1)).toMatch(/^Nothing is broken: 16 ok, 0 warn, 0 FAIL\.$/);
    expect(code).toBe(0);
  });

  test('with --json prints the same findings for programs', async () => {
    const { stdout, code } = await run(['--json']);
    const report = JSON.parse(stdout) as { well: boolean; findings: { check: string; state: string }[] };
    expect(report.well).toBe(true);
    expect(report.findings).toContainEqual(expect.objectContaining({ check: 'callback', state: 'ok' }));
    expect(code).toBe(0);
  });

  test('exits with 1 and tells what to do if something is broken', async () => {
    const { stdout, code } = await run([], { COGNITO_CLIENT_SECRET: 'wrong-wrong-wrong' });
    expect(stdout).toMatch(/^FAIL +app client +Cognito refused client .* -> .*copy it again$/m);
    expect(stdout).toMatch(/1 thing does not work/);
    expect(code).toBe(1);
  });

  test.each([[['--wat']], [['extra']], [['--group']]])('exits with 2 when used wrongly: %j', async (args) => {
    const { stdout, stderr, code } = await run(args);
    expect({ stdout, code }).toEqual({ stdout: '', code: 2 });
    expect(stderr).toMatch(/--help says how/);
  });

  test('shows an example with --help', async () => {
    const { stdout, code } = await run(['--help']);
    expect(stdout).toMatch(/npm run doctor\n/);
    expect(code).toBe(0);
  });

  test.each([[[]], [['--json']]])('never prints a token, a secret or a key (%j)', async (args) => {
    for (const change of [{}, { COGNITO_CLIENT_SECRET: 'wrong-wrong-wrong', DATABASE_URL: 'postgres://u:pg-pass@' }]) {
      const { stdout, stderr } = await run(args, change);
      const said = stdout + stderr;
      expect(said).not.toMatch(/eyJ|Bearer [^\s.]|Basic /);
      const settings = await goodSettings(cognito.url);
      for (const secret of [secretOf(WEB), 'agentsecret', settings.SECRET_KEY, 'wrong-wrong', 'pg-pass'])
        expect(said).not.toContain(secret);
    }
  });
});

describe('the doctor', () => {
  test('names all faults of the settings at once, misspelt names too, and never a value', async () => {
    const env = {
      COGNITO_CLIENT_ID: '<client id>',
      COGNITO_CLIENT_SECRET: '"quoted-secret"',
      SESSION_HOURS: '-1',
      OWN_PORTS: 'x',
      COGNITO_CLIENT_SECRT: 'slip-secret',
      RELAY_PROT: '1',
    };
    const findings = await diagnose(cognito.url, { env });
    const said = linesOf(findings, 'settings');
    expect(said).toMatch(/FAIL COGNITO_CLIENT_ID: is an example value \(a placeholder/);
    expect(said).toMatch(/FAIL COGNITO_CLIENT_SECRET: has quotes around it/);
    expect(said).toMatch(/FAIL SESSION_HOURS: /);
    expect(said).toMatch(/FAIL OWN_PORTS\.0: /);
    expect(said).toMatch(/warn COGNITO_CLIENT_SECRT is no setting: did you mean COGNITO_CLIENT_SECRET\?/);
    expect(said).toMatch(/warn RELAY_PROT is no setting: did you mean RELAY_PORT\?/);
    expect(JSON.stringify(findings)).not.toMatch(/quoted-secret|slip-secret/);
    expect(linesOf(findings, 'cognito')).toBe('warn not asked -> correct the settings first');
  });

  test('reports an app client that does not exist', async () => {
    const findings = await diagnose(cognito.url, { env: { COGNITO_CLIENT_ID: '9unknown' } });
    expect(linesOf(findings, 'app client')).toMatch(/^FAIL Cognito refused client 9unknown/);
    expect(linesOf(findings, 'callback')).toBe(
      'FAIL the pool does not know the app client 9unknown -> check COGNITO_CLIENT_ID',
    );
  });

  test('reports nothing about an agent if there is none', async () => {
    expect(linesOf(await diagnose(cognito.url, { agent: null }), 'agent')).toMatch(/^ok no agents\/\.env\.agent/);
  });

  test.each([
    ['of another pool', { COGNITO_USER_POOL_ID: 'eu-west-1_Other' }, /^FAIL the agent's pool is eu-west-1_Other/],
    ['without a secret', { COGNITO_CLIENT_SECRET: '' }, /^FAIL COGNITO_CLIENT_SECRET: is missing/],
    [
      'with a wrong secret',
      { COGNITO_CLIENT_SECRET: 'wrong' },
      /^FAIL Cognito refused the agent's app client .*\(invalid_client\)/,
    ],
    [
      'that is a client for people',
      { COGNITO_CLIENT_ID: WEB, COGNITO_CLIENT_SECRET: secretOf(WEB) },
      /grant is not enabled/,
    ],
  ])('says what is wrong with an agent %s', async (_what, agent, expected) => {
    expect(linesOf(await diagnose(cognito.url, { agent }), 'agent')).toMatch(expected);
  });

  test('warns of a key that is not random', async () => {
    const findings = await diagnose(cognito.url, { env: { SECRET_KEY: 'abcabcabcabcabcabcabcabcabcabcabcabc' } });
    expect(linesOf(findings, 'secret key')).toMatch(/^warn fingerprint [0-9a-f]{8}, 36 characters: easy to guess/);
  });

  test.each<[string, RequestListener, string, RegExp]>([
    [
      'lets everybody in',
      (req, res) => (req.url === '/health' ? healthy(req, res) : res.end('{}')),
      'gate',
      /^FAIL answers 200 without/,
    ],
    [
      'has no auth-server',
      (req, res) => (req.url === '/health' ? healthy(req, res) : res.writeHead(503).end()),
      'gate',
      /^FAIL answers 503 where 401 belongs/,
    ],
    [
      'is another program',
      (_req, res) => res.end('<h1>Welcome to nginx!</h1>'),
      'gateway',
      /^FAIL http:\/\/localhost:\d+ answered 200 to \/health, not as this/,
    ],
    [
      'sends on to elsewhere',
      (_req, res) => res.writeHead(301, { location: 'https://x.example/' }).end(),
      'gateway',
      /sends on to https:\/\/x\.example\//,
    ],
    [
      'has lost its relay',
      (_req, res) => res.writeHead(503).end('{"status":"down","auth-server":"up","relay":"down"}'),
      'gateway',
      /^FAIL .*relay down -> look at the log of relay$/,
    ],
  ])('sees a gateway that %s', async (_what, listener, check, expected) => {
    answer = listener;
    expect(linesOf(await diagnose(cognito.url, { env: { REGISTRY_URL: gatewayUrl } }), check)).toMatch(expected);
  });

  test('looks for a second provider at OIDC_ISSUER', async () => {
    const other = await startCognito({ seed: { ...seed, issuer_mode: 'local' }, keys });
    try {
      const seen = async (issuer: string) =>
        linesOf(await diagnose(cognito.url, { env: { OIDC_ISSUER: issuer, OIDC_CLIENT_ID: WEB } }), 'oidc');
      expect(await seen(other.issuer)).toMatch(
        /^ok issuer http.*callback http:\/\/localhost:1\/oauth2\/callback\/oidc/,
      );
      expect(await seen(`${other.issuer}/`)).toMatch(/^FAIL the provider calls itself http/);
      expect(await seen(`${other.url}/nothing`)).toMatch(/^FAIL .* answered 404, not a discovery document/);
      expect(await seen('http://127.0.0.1:1')).toMatch(/^FAIL Cannot fetch/);
    } finally {
      await other.close();
    }
  });

  test('colours only the state, and lets no text move the cursor', () => {
    const finding = { check: 'groups', state: 'FAIL', seen: 'a\u001b[2Jb', todo: 'mend\u202eit' } as const;
    expect(lineOf(finding, false)).toBe('FAIL  groups       a\ufffd[2Jb -> mend\ufffdit');
    expect(lineOf(finding, true)).toBe('\u001b[31mFAIL\u001b[39m  groups       a\ufffd[2Jb -> mend\ufffdit');
  });

  test('sends requests only to configured origins', async () => {
    await expect(createAsk(['https://a.example']).ask('https://b.example/x')).rejects.toThrow('is not a place to ask');
  });

  test("fetches no token but the agent's, and redeems no code", async () => {
    await diagnose(cognito.url);
    expect(cognito.control.counts.get('POST /oauth2/token')).toBe(2);
  });
});
