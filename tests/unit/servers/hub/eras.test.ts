import { eraOf, metaKeys, newVersion } from '../../../../servers/hub/client/eras.ts';
import { Refusal } from '../../../../servers/hub/client/errors.ts';

const envelope = { [metaKeys.version]: newVersion, [metaKeys.capabilities]: {}, [metaKeys.client]: { name: 'c' } };
const request = (method: string, params: object = {}) => ({ id: 1, method, params: { ...params } });
const modern = (method: string, params: object = {}, meta: object = envelope) =>
  request(method, { ...params, _meta: meta });

/** The header's version; the method and name are those of the body unless a row says otherwise. */
interface Headers {
  version?: string;
  method?: string;
  name?: string;
}

const claims = (version: unknown) => ({ ...envelope, [metaKeys.version]: version });

test.each<[what: string, message: object, headers: Headers, expected: string]>([
  ['initialize', request('initialize'), {}, 'old'],
  ['a list without a version', request('tools/list'), {}, 'old'],
  ['a list of 2025-11-25', request('tools/list'), { version: '2025-11-25' }, 'old'],
  ['a list of 2024-11-05', request('tools/list'), { version: '2024-11-05' }, 'old'],
  ['a list of a version that never was', request('tools/list'), { version: '2025-01-01' }, '400 -32600'],
  ['ping', request('ping'), {}, 'old'],
  ['server/discover of an old client', request('server/discover'), {}, '200 -32601'],
  ['an unknown method of an old client', request('skills/list'), {}, '200 -32601'],
  ['a stream by name', request('(stream)'), {}, '200 -32601'],
  ['a response', { id: 1, result: {} }, {}, 'old'],
  ['a response of a new client', { id: 1, result: {} }, { version: newVersion }, '400 -32600'],
  ['a notification', { method: 'notifications/cancelled' }, {}, 'old'],
  ['a notification of a new client', { method: 'notifications/cancelled' }, { version: newVersion }, 'new'],
  ['a list of 2026-07-28', modern('tools/list'), { version: newVersion, method: 'tools/list' }, 'new'],
  ['server/discover', modern('server/discover'), { version: newVersion, method: 'server/discover' }, 'new'],
  ['a request without an envelope', request('tools/list'), { version: newVersion }, '400 -32602'],
  ['initialize under a new header', request('initialize'), { version: newVersion }, '400 -32020'],
  [
    'an envelope without capabilities',
    modern('tools/list', {}, { [metaKeys.version]: newVersion }),
    { version: newVersion },
    '400 -32602',
  ],
  ['an envelope whose version is a number', modern('tools/list', {}, claims(1)), { version: newVersion }, '400 -32602'],
  [
    'an envelope whose client is text',
    modern('tools/list', {}, { ...envelope, [metaKeys.client]: 'c' }),
    { version: newVersion },
    '400 -32602',
  ],
  ['a header of another version', modern('tools/list'), { version: '2025-11-25' }, '400 -32020'],
  ['no header', modern('tools/list'), {}, '400 -32020'],
  ['a version to come', modern('tools/list', {}, claims('2027-01-01')), { version: '2027-01-01' }, '400 -32022'],
  [
    'an old version in an envelope',
    modern('tools/list', {}, claims('2025-11-25')),
    { version: '2025-11-25' },
    '400 -32022',
  ],
  ['no Mcp-Method', modern('tools/list'), { version: newVersion }, '400 -32020'],
  ['another Mcp-Method', modern('tools/list'), { version: newVersion, method: 'tools/call' }, '400 -32020'],
  [
    'a call',
    modern('tools/call', { name: 'a__b' }),
    { version: newVersion, method: 'tools/call', name: 'a__b' },
    'new',
  ],
  [
    'a call with its name in base64',
    modern('tools/call', { name: 'ä' }),
    { version: newVersion, method: 'tools/call', name: '=?base64?w6Q=?=' },
    'new',
  ],
  [
    'a call without Mcp-Name',
    modern('tools/call', { name: 'a__b' }),
    { version: newVersion, method: 'tools/call' },
    '400 -32020',
  ],
  [
    'a call with another Mcp-Name',
    modern('tools/call', { name: 'a__b' }),
    { version: newVersion, method: 'tools/call', name: 'a__c' },
    '400 -32020',
  ],
  ...['initialize', 'ping', 'logging/setLevel', 'resources/subscribe', 'tasks/list', 'tasks/result', 'no/such'].map(
    (method): [string, object, Headers, string] => [
      `the removed or unknown method ${method}`,
      modern(method),
      { version: newVersion, method },
      '404 -32601',
    ],
  ),
])('%s', (_what, message, { version, method, name }, expected) => {
  let got: string;
  try {
    got = eraOf(message, { version, method, name });
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    got = `${error.status} ${error.code}`;
    if (error.code === -32022) expect(error.data).toMatchObject({ supported: [newVersion], requested: version });
  }
  expect(got).toBe(expected);
});
