import { resourceOf, resourceOfTarget } from '../../../../auth-server/identity/resource.ts';
import type { OriginalRequest } from '../../../../auth-server/request/original-request.ts';

const publicUrl = 'http://localhost:8080';

test.each([
  ['/currenttime/mcp', '/currenttime/mcp'],
  ['/currenttime/sse', '/currenttime/mcp'],
  ['/currenttime/messages', '/currenttime/mcp'],
  ['/currenttime', '/currenttime/mcp'],
  ['/mcp', '/mcp'],
  ['/api', '/api'],
  ['/alpha/../beta/mcp', '/beta/mcp'],
])('The resource %s is the audience %s', (asked, audience) => {
  expect(resourceOf(publicUrl, publicUrl + asked)).toBe(publicUrl + audience);
});

test('Other spellings of the address are the same audience', () => {
  for (const spelling of ['HTTP://LOCALHOST:8080/a/mcp', 'http:/localhost:8080/a/mcp', 'http://localhost:8080/./a/mcp'])
    expect(resourceOf(publicUrl, spelling)).toBe(`${publicUrl}/a/mcp`);
  expect(resourceOf('https://gw.example', 'https://gw.example:443/a/mcp')).toBe('https://gw.example/a/mcp');
});

test.each([
  ['the bare origin', ''],
  ['the bare origin with a slash', '/'],
  ['a query', '/a/mcp?b=c'],
  ['an empty query', '/a/mcp?'],
  ['a fragment', '/a/mcp#b'],
  ['an empty fragment', '/a/mcp#'],
  ['a slash at the end', '/a/mcp/'],
  ['an endpoint that does not exist', '/a/tools'],
  ['a name in capital letters', '/A/mcp'],
  ['an escaped slash', '/a%2Fb/mcp'],
  ['an audience of assertions', '/#registry'],
  ['an API path', '/api/servers'],
])('There is no audience for %s', (_what, path) => {
  expect(resourceOf(publicUrl, publicUrl + path)).toBeUndefined();
});

test.each([
  'https://localhost:8080/a/mcp',
  'http://127.0.0.1:8080/a/mcp',
  'http://localhost:8081/a/mcp',
  'http://user@localhost:8080/a/mcp',
  'http://localhost:8080.evil.example/a/mcp',
  '/a/mcp',
  'a/mcp',
  '',
  'urn:a',
])('There is no audience for %j, which is another origin or none', (value) => {
  expect(resourceOf(publicUrl, value)).toBeUndefined();
});

const of = (request: Pick<OriginalRequest, 'target' | 'uri'>) =>
  resourceOfTarget(publicUrl, request as OriginalRequest);

test.each(['mcp', 'sse', 'messages'] as const)('A request for the endpoint %s asks for its server', (endpoint) => {
  const target = { resource: 'mcp', server: 'a', endpoint, routed: true } as const;
  expect(of({ target, uri: `/a/${endpoint}` })).toBe(`${publicUrl}/a/mcp`);
});

test('A request for the API of the registry asks for the API, and one for a page for nothing that a token could name', () => {
  const target = { resource: 'registry' } as const;
  for (const uri of ['/api/servers', '/v0/servers', '/v0.1/servers?limit=1'])
    expect(of({ target, uri })).toBe(`${publicUrl}/api`);
  for (const uri of ['/', '/servers', '/api', '/apis/x', '/v0x/servers', '/rights?a=/api/'])
    expect(of({ target, uri })).toBeUndefined();
});
