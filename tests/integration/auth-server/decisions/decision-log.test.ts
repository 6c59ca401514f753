import { readFileSync } from 'node:fs';
import { createDecisionLog } from '../../../../auth-server/decisions/decision-log.ts';
import { asAuthError } from '../../../../auth-server/denials/auth-error.ts';
import { policyVersion } from '../../../../common/policy/policy-in-force.ts';
import { createLog } from '../../../../common/service/log.ts';
import { AGENT, agentClaims, personClaims, toolCall } from '../../../support/auth-server/auth-fixture.ts';
import { authServerWithPool } from '../../../support/auth-server/with-pool.ts';

const { auth, bearer } = await authServerWithPool({ maxBody: 1_048_576 });
beforeEach(() => void auth.lines.splice(0));

const prompt = (name: string) => ({ jsonrpc: '2.0', id: 1, method: 'prompts/get', params: { name } });
const resource = (uri: string) => ({ jsonrpc: '2.0', id: 1, method: 'resources/read', params: { uri } });

/** The only logged line. Checks that its bytes contain nothing that a terminal or a log viewer would act on. */
function theLine(): Record<string, string> {
  expect(auth.lines).toHaveLength(1);
  const [line = ''] = auth.lines;
  expect(line.endsWith('}\n')).toBe(true);
  expect(line.slice(0, -1)).not.toMatch(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/u);
  return JSON.parse(line);
}

const forged = '{"level":"info","verdict":"allow","username":"root"}';
const texts: [what: string, text: string][] = [
  ['a line feed and a line of its own', `x\n${forged}\n`],
  ['CR LF', `x\r\n${forged}`],
  ['U+2028, a line separator', `x\u2028${forged}`],
  ['U+2029, a paragraph separator', `x\u2029${forged}`],
  ['U+0085, a next line', `x\u0085${forged}`],
  ['an ANSI escape', 'x\u001b[31m\u001b[2J'],
  ['a C1 control sequence', 'x\u009b31m'],
  ['a bell and a backspace', 'x\u0007\u0008'],
  ['DEL', 'x\u007f'],
  ['NUL', 'x\u0000y'],
  ['quotes and backslashes', `x","verdict":"allow","y":"\\"`],
  ['closing and opening braces', 'x"}{"'],
  ['text turned around', 'x\u202eexe.txt\u2066'],
  ['zero width and a byte order mark', 'x\u200by\ufeff'],
  ['invisible tag characters', 'x\u{e0041}\u{e007f}'],
  ['letters outside ASCII', 'größe 時刻 😀'],
  ['100,000 letters', 'y'.repeat(100_000)],
  ['100,000 line separators', '\u2028'.repeat(100_000)],
];

const decoded = (value: string | undefined) => decodeURIComponent(value ?? '');
const longest = 200;

describe('A permitted caller cannot inject log lines: the log has one line, which decodes to what was sent, for', () => {
  test.each(texts)('%s as tool, prompt, resource URI, method, and request id of JSON-RPC', async (_what, text) => {
    const places: [field: string, body: object][] = [
      ['object', prompt(text)],
      ['object', resource(text)],
      ['object', toolCall(text.slice(0, 256))],
      ['method', { jsonrpc: '2.0', id: 1, method: text }],
      ['object', toolCall('t', text)],
    ];
    for (const [index, [field, body]] of places.entries()) {
      auth.lines.splice(0);
      await auth.validate(await bearer(), body);
      const line = theLine();
      expect(decoded(line[field])).toBe(index === 4 ? 't' : text.slice(0, longest));
      expect(line.username).toBe('alice');
    }
  });

  test.each(texts)(
    '%s as a tool or an argument that is rejected or denied with a message that repeats it',
    async (_, text) => {
      const user = await bearer(personClaims({ 'cognito:groups': ['mcp-registry-user'] }));
      await auth.validate(user, toolCall(text.slice(0, 256)));
      expect(theLine()).toMatchObject({ verdict: 'deny', reason: 'not_permitted' });
      auth.lines.splice(0);
      const meta = { 'io.modelcontextprotocol/protocolVersion': text };
      await auth.validate(
        { ...user, 'Mcp-Name': 'other' },
        { ...toolCall('t'), params: { name: 't', _meta: meta, arguments: { [text.slice(0, 1000)]: text } } },
      );
      expect(theLine()).toMatchObject({ verdict: 'deny', reason: 'request_refused' });
    },
  );

  test.each(texts)('%s as the username or the subject of the token', async (_what, whole) => {
    const text = whole.slice(0, 300);
    await auth.validate(await bearer(personClaims({ username: text, sub: text })));
    const line = theLine();
    expect([line.username, line.subject].map(decoded)).toEqual([text.slice(0, longest), text.slice(0, longest)]);
    expect(line.verdict).toBe('allow');
  });

  test.each(texts)('%s as the name in an Mcp-Name header that agrees with the body', async (_what, whole) => {
    const text = whole.slice(0, 256);
    const name = `=?base64?${Buffer.from(text).toString('base64')}?=`;
    await auth.validate({ ...(await bearer()), 'Mcp-Name': name }, toolCall(text));
    expect(decoded(theLine().object)).toBe(text.slice(0, longest));
  });

  // HTTP parsers reject C0 controls in a header. Everything else arrives as one character per byte.
  const bytes = texts
    .map(([what, text]): [string, string] => [what, Buffer.from(text.slice(0, 3_000)).toString('latin1')])
    .filter(([, text]) => !/[^\x20-\x7e\x80-\xff]/.test(text));
  test.each(bytes)('%s in a header that is logged', async (_what, text) => {
    const places: [field: string, headers: Record<string, string>, before: string, after: string][] = [
      ['server', { 'X-Mcp-Server': text }, '', ''],
      ['http', { 'X-Original-URI': `/${text.replaceAll('?', '')}` }, 'POST /', ''],
      ['http', { 'X-Original-Method': text }, '', ' /currenttime/mcp'],
      ['request_id', { 'X-Request-Id': text }, '', ''],
      ['msg', { Origin: text }, 'Requests from ', ' are not accepted here.'],
    ];
    for (const [field, headers, before, after] of places) {
      auth.lines.splice(0);
      await auth.validate({ ...(await bearer()), ...headers });
      const told = decoded(theLine()[field]);
      const whole = before + (field === 'msg' ? text.slice(0, 100) : text) + after;
      expect(told).toBe(field === 'msg' ? whole : whole.slice(0, longest));
    }
  });

  test.each(bytes)('%s in a header that is not logged', async (_what, text) => {
    for (const name of ['Mcp-Name', 'Mcp-Method', 'MCP-Protocol-Version', 'Accept', 'Sec-Fetch-Site', 'User-Agent']) {
      auth.lines.splice(0);
      await auth.validate({ ...(await bearer()), [name]: text });
      theLine();
    }
  });

  test('a surrogate pair that the length limit would split', async () => {
    await auth.validate(await bearer(), prompt(`${'y'.repeat(longest - 1)}😀`));
    expect(theLine().object).toBe(`${'y'.repeat(longest - 1)}\ud83d`);
  });
});

test('A line has exactly the fields that the documentation lists', async () => {
  const headers = { ...(await bearer(agentClaims())), 'X-Request-Id': 'r-1' };
  await auth.validate(headers, toolCall('current_time_by_timezone'));
  const { time, microseconds, ...line } = theLine() as Record<string, unknown>;
  expect(line).toEqual({
    level: 'info',
    service: 'auth-server',
    verdict: 'allow',
    request_id: 'r-1',
    subject: AGENT,
    username: AGENT,
    client_id: AGENT,
    auth_method: 'jwt',
    resource: 'mcp',
    server: 'currenttime',
    http: 'POST /currenttime/mcp',
    method: 'tools/call',
    object: 'current_time_by_timezone',
    rule: 'mcp-servers-unrestricted/execute[0]',
    policy: policyVersion(readFileSync('scopes.yml', 'utf8')),
    msg: 'allowed',
  });
  expect(Math.abs(Date.now() - Date.parse(String(time)))).toBeLessThan(10_000);
  expect(microseconds).toBeGreaterThan(10);
  auth.lines.splice(0);
  await auth.validate({ Authorization: 'Bearer x' });
  const denied = theLine();
  expect(denied).toMatchObject({ verdict: 'deny', reason: 'token_invalid', status: 401, policy: line.policy });
  const documented = readFileSync('docs/operations/monitoring.md', 'utf8');
  const fields = new Set([...Object.keys(denied), ...Object.keys(line), 'time', 'microseconds', 'err']);
  for (const field of fields) expect(documented).toContain(`| \`${field}\` |`);
});

test('A fault of the gateway is logged with its cause, and without other properties that a library puts on the error', async () => {
  const fault = Object.assign(new Error('disk is full\u2028', { cause: new Error('ENOSPC') }), { headers: 'secret' });
  const entry = { started: 0, policy: 'v', error: asAuthError(fault) };
  const log = createLog('auth-server', 'info', { write: (line) => void auth.lines.push(line) });
  createDecisionLog(log)(entry, 1);
  const line = theLine() as unknown as { level: string; err: Record<string, string> };
  expect(line.level).toBe('error');
  expect(Object.keys(line.err)).toEqual(['type', 'message', 'stack']);
  expect(line.err.message).toBe('disk is full%E2%80%A8: ENOSPC');
});
