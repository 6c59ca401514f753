import { readdirSync, readFileSync } from 'node:fs';
import { anyThrough, isRefusal, throughUnless } from '../../../attack/answer.ts';
import { meanings } from '../../../auth-server/denials/codes.ts';
import { statuses } from '../../../registry/errors/registry-error.ts';

const answer = (status: number, body: object | string, headers = {}) => ({
  ...{ sent: '', status, headers },
  body: typeof body === 'string' ? body : JSON.stringify(body),
});
const rpcError = (reason: string) => ({
  jsonrpc: '2.0',
  id: 1,
  error: { code: -32003, message: 'No.', data: { reason } },
});
const ofStatus = (codes: object, from: number, to: number) =>
  Object.entries(codes).flatMap(([code, meaning]) => {
    const status = typeof meaning === 'number' ? meaning : (meaning as { status: number }).status;
    return status >= from && status < to ? [[code, status] as const] : [];
  });

test.each(ofStatus(meanings, 400, 500))(
  'A denial %s is a refusal with %d, with 200, and from the registry',
  (code, status) => {
    expect(isRefusal(answer(status, rpcError(code)))).toBe(true);
    expect(isRefusal(answer(status, { error: { code, message: 'No.' } }))).toBe(true);
    if (code !== 'nothing_to_list') expect(isRefusal(answer(200, rpcError(code), { 'x-deny-code': code }))).toBe(true);
    // A server behind the gateway can write the same body.
    expect(isRefusal(answer(200, rpcError(code)))).toBe(false);
  },
);

test.each(ofStatus(statuses, 400, 500).filter(([code]) => code !== 'not_found'))(
  'The refusal %s of the registry is one, with %d',
  (code, status) => {
    expect(isRefusal(answer(status, { error: { code, message: 'No.' } }))).toBe(true);
  },
);

const gate = 'nginx/gate';
const ofNginx = readdirSync(gate).flatMap((file) => [
  ...readFileSync(`${gate}/${file}`, 'utf8').matchAll(/return (4\d\d) '(\{"(?:error|jsonrpc)".*\})';/g),
]);
test.each(ofNginx.map(([, status, body]) => [Number(status), String(body)] as const))(
  "nginx's own answer %d %s is a refusal",
  (status, body) => {
    expect(isRefusal(answer(status, body))).toBe(true);
  },
);

test('An empty list is a refusal only if nginx says that it stands for one', () => {
  const empty = { jsonrpc: '2.0', id: 1, result: { tools: [] } };
  const code = { 'x-deny-code': 'nothing_to_list' };
  expect(isRefusal(answer(200, empty, code))).toBe(true);
  expect(isRefusal(answer(200, empty))).toBe(false);
  expect(isRefusal(answer(200, { ...empty, result: { tools: [{ name: 'x' }] } }, code))).toBe(false);
});

test.each([
  ["a server's 404", answer(404, { error: { code: 'not_found', message: 'Cannot POST /' } })],
  ["a server's own reason", answer(403, rpcError('wrong_weekday'))],
  ['a code that says that something is down', answer(503, rpcError('internal_error'))],
  ['silence', answer(-1, '')],
  ['a page', answer(400, '<html>')],
])('%s is no refusal', (_what, given) => {
  expect(isRefusal(given)).toBe(false);
  expect(anyThrough([given])).toBe(true);
  expect(throughUnless(given.status)([given])).toBe(false);
});
