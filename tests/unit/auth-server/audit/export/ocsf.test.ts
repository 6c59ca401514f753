import { expect, test } from '@jest/globals';
import { writings } from '../../../../../auth-server/audit/export/formats.ts';
import { ocsfVersion, toOcsf } from '../../../../../auth-server/audit/export/ocsf.ts';
import { type Decision, decision } from '../../../../../common/doors/decisions.ts';
import { faultsOf, schemaVersion } from '../../../../support/ocsf-schema.ts';

const allowed: Decision = {
  id: 'm1-2-3',
  at: '2026-11-29T08:00:00.123Z',
  verdict: 'allow',
  request_id: '0123456789abcdef',
  subject: '1b3c',
  username: 'alice',
  shown_name: 'Alice A.',
  client_id: 'https://claude.ai/client',
  client_name: 'Claude',
  auth_method: 'jwt',
  address: '2001:db8::1',
  via: 'hub',
  groups: ['developers', 'all people'],
  scopes: ['tools/read'],
  resource: 'mcp',
  server: 'github',
  http: 'POST /github/mcp',
  method: 'tools/call',
  object: 'create_issue',
  objects: 2,
  object_digest: 'x',
  argument: 'repo',
  definition: 'y',
  account: 'github',
  account_used: true,
  rule: 'tools/read: github',
  policy: 'p1',
  microseconds: 400,
};
const refused: Decision = {
  id: 'm1-2-4',
  at: '2026-11-29T08:00:00.124Z',
  verdict: 'deny',
  reason: 'token_missing',
  status: 401,
  message: 'There is no credential.',
  http: 'PATCH /github/mcp',
  policy: 'p1',
};
const event: Decision = { id: 'm1-2-1', at: '2026-11-29T08:00:00.000Z', verdict: 'allow', method: 'audit/start' };
const failed: Decision = { ...allowed, verdict: 'deny', reason: 'store_unavailable', status: 503, message: 'Later.' };
const erased: Decision = {
  ...event,
  method: 'audit/erase',
  subject: 's',
  about: 't',
  about_name: 'T',
  detail: 'd',
  count: 3,
};

test.each([
  ['an allowed call', allowed],
  ['a refusal of a request without a caller', refused],
  ['a refusal that the gateway caused', failed],
  ['an event of the gateway', event],
  ['an event of a person', erased],
  ['a request from a place without an address', { ...allowed, address: 'unix:' }],
])('%s as OCSF has what the schema requires, and nothing that it does not know', (_what, record) => {
  expect(faultsOf(JSON.parse(JSON.stringify(toOcsf(record))))).toEqual([]);
});

test('The check of OCSF finds what is missing, unknown or contradictory', () => {
  const { time: _time, ...rest } = JSON.parse(writings.ocsf.line(allowed));
  expect(faultsOf({ ...rest, extra: 1, action: 'Denied', api: { operation: 1 }, actor: {} })).toEqual(
    expect.arrayContaining([
      'time is missing',
      'extra is unknown',
      'action is not Allowed',
      'api.operation is no string_t',
      'actor has none of process, user, invoked_by, session, app_name, app_uid',
    ]),
  );
});

test('OCSF says who, what and how it ended, where a security system looks for it', () => {
  expect(ocsfVersion).toBe(schemaVersion);
  expect(toOcsf(allowed)).toMatchObject({
    type_uid: 600_399,
    activity_name: 'tools/call',
    action: 'Allowed',
    time: Date.parse(allowed.at),
    actor: {
      user: { uid: '1b3c', name: 'alice', groups: [{ name: 'developers' }, { name: 'all people' }] },
      app_name: 'Claude',
    },
    src_endpoint: { ip: '2001:db8::1' },
    api: { operation: 'tools/call', service: { name: 'github' }, request: { uid: '0123456789abcdef' } },
    http_request: { http_method: 'POST', url: { path: '/github/mcp' } },
    resources: [{ name: 'create_issue', type: 'tools', namespace: 'github' }],
    policy: { uid: 'tools/read: github', version: 'p1' },
    unmapped: { via: 'hub', account_used: true },
  });
  expect(toOcsf(refused)).toMatchObject({
    ...{ severity: 'Low', status: 'Failure', status_code: 'token_missing', disposition: 'Blocked' },
    ...{ message: 'There is no credential.', http_response: { code: 401 } },
  });
  expect(toOcsf(failed)).toMatchObject({ severity: 'Medium' });
});

test.each([
  ['tools/list', 'POST /x/mcp', 2],
  ['resources/read', 'POST /x/mcp', 2],
  ['tools/call', 'POST /x/mcp', 99],
  [undefined, 'GET /x/mcp', 2],
  [undefined, 'DELETE /x/mcp', 4],
  [undefined, undefined, 99],
])('%s by %s is the activity %s', (method, http, activity_id) => {
  expect(toOcsf({ ...event, method, http })).toMatchObject({ activity_id });
});

test('No field of a record is lost in OCSF', () => {
  const everything = { ...allowed, ...refused, ...erased, ...allowed, verdict: 'deny' } as const;
  expect(Object.keys(everything).sort()).toEqual(Object.keys(decision.shape).sort());
  const text = JSON.stringify(toOcsf(everything));
  const { at: _at, verdict: _verdict, http: _http, status, ...texts } = everything;
  for (const value of Object.values(texts))
    expect(text).toContain(
      JSON.stringify(value)
        .replace(/^\[|\]$/g, '')
        .split(',')[0],
    );
  expect(text).toContain(`"code":${status}`);
});

test('A line of ndjson is the record as the API returns it', () => {
  expect(writings.ndjson.line(allowed)).toBe(`${JSON.stringify(allowed)}\n`);
});
