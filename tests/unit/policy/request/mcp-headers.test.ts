import { type RawMcpRequest, readMcpRequest } from '../../../../policy/request/mcp-request.ts';
import { RefusedRequest } from '../../../../policy/request/refused-request.ts';
import { NumberInBody, writeId } from '../../../../policy/request/request-id.ts';

const body = (message: object) => Buffer.from(JSON.stringify({ jsonrpc: '2.0', id: 1, ...message }));
const toolCall = (name: string, meta?: object) =>
  body({ method: 'tools/call', params: { name, ...(meta && { _meta: meta }) } });
const request = (change: Partial<RawMcpRequest>) => {
  const usual = { httpMethod: 'POST', endpoint: 'mcp', body: toolCall('t') } as const;
  return readMcpRequest({ ...usual, ...change });
};
const base64 = (text: string) => `=?base64?${Buffer.from(text).toString('base64')}?=`;

function refusal(change: Partial<RawMcpRequest>): RefusedRequest {
  try {
    request(change);
  } catch (error) {
    if (error instanceof RefusedRequest) return error;
    throw error;
  }
  throw new Error('it was accepted');
}

describe('the endpoints of a server', () => {
  const none = new Uint8Array();
  test.each([
    ['GET', 'mcp', '(stream)'],
    ['DELETE', 'mcp', '(end)'],
    ['GET', 'sse', '(stream)'],
  ] as const)('%s at /%s asks for the lifecycle step %s', (httpMethod, endpoint, method) => {
    expect(request({ httpMethod, endpoint, body: none })).toEqual({ method, accesses: [{ method }] });
  });

  test.each(['mcp', 'messages'] as const)('POST at /%s asks for what its body contains', (endpoint) => {
    expect(request({ endpoint }).method).toBe('tools/call');
  });

  test.each([
    ['PUT', 'mcp', 'POST, GET, DELETE'],
    ['PATCH', 'mcp', 'POST, GET, DELETE'],
    ['HEAD', 'mcp', 'POST, GET, DELETE'],
    ['post', 'mcp', 'POST, GET, DELETE'],
    ['', 'mcp', 'POST, GET, DELETE'],
    ['POST', 'sse', 'GET'],
    ['DELETE', 'sse', 'GET'],
    ['GET', 'messages', 'POST'],
    ['DELETE', 'messages', 'POST'],
  ] as const)(
    '%j at /%s is rejected as a method that is not offered, with the offered ones %s',
    (httpMethod, endpoint, offered) => {
      const error = refusal({ httpMethod, endpoint });
      expect(error.status).toBe(405);
      expect(error.message).toMatch(new RegExp(`takes ${offered}$`));
    },
  );

  test.each(['GET', 'DELETE'])('a %s with a body is rejected, because the body would not be checked', (httpMethod) => {
    expect(refusal({ httpMethod })).toMatchObject({ status: 400, message: `a ${httpMethod} request has no body` });
  });
});

describe('claims in Mcp-Method and Mcp-Name', () => {
  test.each<[string, Partial<RawMcpRequest>]>([
    ['the method', { mcpMethod: 'tools/call' }],
    ['the method and the name', { mcpMethod: 'tools/call', mcpName: 't' }],
    ['the name in base64', { mcpName: base64('t') }],
    ['a non-ASCII name in base64', { mcpName: base64('größe'), body: toolCall('größe') }],
    ['a URI', { mcpName: 'a:b', body: body({ method: 'resources/read', params: { uri: 'a:b' } }) }],
    ['a name that only looks like base64', { mcpName: '=?BASE64?dA==?=', body: toolCall('=?BASE64?dA==?=') }],
  ])('that match the body are accepted: %s', (_what, change) => {
    expect(writeId(request(change).id ?? '')).toBe('1');
  });

  test.each<[string, Partial<RawMcpRequest>, string]>([
    ['another method', { mcpMethod: 'tools/list' }, 'Mcp-Method'],
    ['the method in another case', { mcpMethod: 'Tools/Call' }, 'Mcp-Method'],
    ['a method for a response', { mcpMethod: 'ping', body: body({ result: {} }) }, 'Mcp-Method'],
    ['another name', { mcpName: 'u' }, 'Mcp-Name'],
    ['another name in base64', { mcpName: base64('u') }, 'Mcp-Name'],
    ['base64 with an invalid character', { mcpName: '=?base64?d-==?=' }, 'Mcp-Name'],
    ['base64 that is truncated', { mcpName: '=?base64?d?=' }, 'Mcp-Name'],
    ['base64 without its padding', { mcpName: '=?base64?dA?=' }, 'Mcp-Name'],
    ['base64 with stray bits', { mcpName: '=?base64?dB==?=' }, 'Mcp-Name'],
    ['base64 that is not UTF-8', { mcpName: '=?base64?/w==?=' }, 'Mcp-Name'],
    ['base64 with capital markers', { mcpName: '=?BASE64?dA==?=' }, 'Mcp-Name'],
    ['base64 after something else', { mcpName: `x${base64('t')}` }, 'Mcp-Name'],
    ['base64 before something else', { mcpName: `${base64('t')}x` }, 'Mcp-Name'],
    ['invalid UTF-8, for a tool called U+FFFD', { mcpName: '=?base64?/w==?=', body: toolCall('\ufffd') }, 'Mcp-Name'],
    ['a name with a byte order mark', { mcpName: base64('\ufefft') }, 'Mcp-Name'],
    ['a name for a method without a name', { mcpName: 't', body: body({ method: 'tools/list' }) }, 'Mcp-Name'],
    [
      'invalid base64 for a method without a name',
      { mcpName: '=?base64?/w==?=', body: body({ method: 'tools/list' }) },
      'Mcp-Name',
    ],
  ])('that contradict the body are rejected: %s', (_what, change, header) => {
    const error = refusal(change);
    expect(error).toMatchObject({ status: 400, rpcCode: -32600, id: expect.any(NumberInBody) });
    expect(error.message).toBe(`the ${header} header does not say what the body says`);
  });

  const version = 'io.modelcontextprotocol/protocolVersion';
  test.each<[string, Partial<RawMcpRequest>, number]>([
    ['no version', {}, -32600],
    ['2025-11-25', { protocolVersion: '2025-11-25' }, -32600],
    ['2026-07-28', { protocolVersion: '2026-07-28' }, -32020],
    ['a later one', { protocolVersion: '2027-01-01' }, -32020],
    ['a string that is not a version', { protocolVersion: 'zzz' }, -32600],
    ['2026-07-28 in _meta', { body: toolCall('t', { [version]: '2026-07-28' }) }, -32020],
    ['2025-06-18 in _meta', { body: toolCall('t', { [version]: '2025-06-18' }) }, -32600],
    ['a number in _meta', { body: toolCall('t', { [version]: 20260728 }) }, -32600],
    ['_meta of null', { body: body({ method: 'tools/call', params: { name: 't', _meta: null } }) }, -32600],
  ])('that contradict the body get the error code of the claimed revision: %s', (_what, change, code) => {
    expect(refusal({ mcpName: 'u', ...change }).rpcCode).toBe(code);
  });
});

describe('a method that MCP 2026-07-28 has removed', () => {
  const asked = (method: string, params?: object) => body({ method, ...(params && { params }) });
  test.each([
    ['resources/subscribe', { uri: 'file:///a' }],
    ['resources/subscribe', undefined],
    ['resources/unsubscribe', {}],
  ])('%s with %j is unknown to a client of that revision', (method, params) => {
    const error = refusal({ body: asked(method, params), protocolVersion: '2026-07-28' });
    expect(error).toMatchObject({ rpcCode: -32601, id: expect.any(NumberInBody) });
    expect(error.message).toBe(`MCP 2026-07-28 has no method ${method}`);
  });

  test('is read for a client of an earlier one', () => {
    const request = { body: asked('resources/subscribe', { uri: 'file:///a' }), protocolVersion: '2025-11-25' };
    expect(readMcpRequest({ httpMethod: 'POST', endpoint: 'mcp', ...request }).method).toBe('resources/subscribe');
  });
});

describe('the revision that a caller claims', () => {
  const inMeta = (version: unknown) => ({
    body: toolCall('t', { 'io.modelcontextprotocol/protocolVersion': version }),
  });
  test.each<[string, Partial<RawMcpRequest>]>([
    ['has something before the date', { protocolVersion: 'v2026-07-28' }],
    ['has something after the date', { protocolVersion: '2026-07-28-draft' }],
    ['is a list of one date', inMeta(['2026-07-28'])],
  ])('counts as an older one when it %s: only a plain date is a revision', (_what, change) => {
    expect(refusal({ mcpName: 'u', ...change }).rpcCode).toBe(-32600);
  });
});

describe('an Mcp-Name for a request that names several things', () => {
  const listen = body({
    method: 'subscriptions/listen',
    params: { notifications: { resourceSubscriptions: ['x:first', 'x:second'] } },
  });
  test('must match the first one that has a name', () => {
    expect(request({ body: listen, mcpName: 'x:first' }).accesses).toHaveLength(3);
    expect(refusal({ body: listen, mcpName: 'x:second' }).message).toMatch(/Mcp-Name/);
  });
});
