import type { IncomingHttpHeaders } from 'node:http';
import type { AuthError } from '../../../../auth-server/denials/auth-error.ts';
import { readOriginalRequest } from '../../../../auth-server/request/original-request.ts';

const gate: IncomingHttpHeaders = {
  'x-resource': 'mcp',
  'x-mcp-server': 'clock',
  'x-mcp-endpoint': 'mcp',
  'x-mcp-routed': '1',
  'x-original-method': 'POST',
  'x-original-uri': '/clock/mcp',
};
const client: IncomingHttpHeaders = {
  authorization: 'Bearer a',
  cookie: 'b=c',
  origin: 'https://page.example',
  'sec-fetch-site': 'cross-site',
  'sec-fetch-dest': 'empty',
  'mcp-method': 'tools/call',
  'mcp-name': 'get_time',
  'mcp-protocol-version': '2026-07-28',
  'mcp-session-id': 's-1',
  accept: 'application/json',
  'x-real-ip': '203.0.113.9',
  'x-request-id': 'r-1',
};
const nothing = { authorization: undefined, cookie: undefined };

function refusal(headers: IncomingHttpHeaders): AuthError {
  try {
    readOriginalRequest(headers);
  } catch (error) {
    return error as AuthError;
  }
  throw new Error('it was accepted');
}

describe('the description of a request by the gate', () => {
  test('is read completely, each header for its purpose', () => {
    expect(readOriginalRequest({ ...gate, ...client })).toEqual({
      target: { resource: 'mcp', server: 'clock', endpoint: 'mcp', routed: true },
      method: 'POST',
      uri: '/clock/mcp',
      credentials: { authorization: 'Bearer a', cookie: 'b=c' },
      browser: { origin: 'https://page.example', fetchSite: 'cross-site', fetchDest: 'empty' },
      mcp: { method: 'tools/call', name: 'get_time', protocolVersion: '2026-07-28', sessionId: 's-1' },
      accept: 'application/json',
      address: '203.0.113.9',
      requestId: 'r-1',
      isInner: false,
    });
  });

  test.each([
    ['hub', false, 'hub'],
    ['mcpgw', false, 'mcpgw'],
    ['inner-mcp', true, undefined],
    ['inner-hub', true, 'hub'],
  ])('names a broker and the inner address in the one header that every gate sets: %s', (resource, isInner, broker) => {
    const { target, ...rest } = readOriginalRequest({ ...gate, 'x-resource': resource });
    expect(rest.isInner).toBe(isInner);
    expect(target).toEqual({
      resource: 'mcp',
      server: 'clock',
      endpoint: 'mcp',
      routed: true,
      ...(broker && { broker }),
    });
  });

  test('needs no server for the registry, and ignores one', () => {
    const headers = { ...gate, 'x-resource': 'registry', 'x-mcp-endpoint': 'admin' };
    expect(readOriginalRequest(headers).target).toEqual({ resource: 'registry' });
  });

  test('contains no credential when the header is empty or repeated', () => {
    const headers = { ...gate, authorization: '', cookie: '', origin: '' };
    expect(readOriginalRequest(headers)).toMatchObject({ credentials: nothing, browser: { origin: undefined } });
    const several = { ...gate, cookie: ['a', 'b'] } as unknown as IncomingHttpHeaders;
    expect(readOriginalRequest(several).credentials).toEqual(nothing);
  });

  test.each(['mcp', 'sse', 'messages'])('may be about the endpoint %s', (endpoint) => {
    expect(readOriginalRequest({ ...gate, 'x-mcp-endpoint': endpoint }).target).toMatchObject({ endpoint });
  });

  test.each([
    ['is not routed', { 'x-mcp-routed': '0' }],
    ['has another value than 1 for routed', { 'x-mcp-routed': 'true' }],
    ['has no value for routed', { 'x-mcp-routed': undefined }],
    ['has a reserved name', { 'x-mcp-server': 'registry' }],
    ['has an invalid name', { 'x-mcp-server': '../clock' }],
  ])('may be about a server that %s: that server is not found', (_what, change) => {
    expect(readOriginalRequest({ ...gate, ...change }).target).toMatchObject({ routed: false });
  });
});

describe('a gate that omits a required header', () => {
  test.each(['x-resource', 'x-mcp-server', 'x-mcp-endpoint', 'x-original-method', 'x-original-uri'])(
    'gets an error that names %s',
    (name) => {
      for (const value of [undefined, '']) {
        expect(refusal({ ...gate, [name]: value })).toMatchObject({
          code: 'gate_misconfigured',
          message: `The gate did not send ${name}.`,
        });
      }
    },
  );

  test.each([
    ['x-resource', 'MCP', 'X-Resource'],
    ['x-resource', 'relay', 'X-Resource'],
    ['x-mcp-endpoint', 'MCP', 'X-Mcp-Endpoint'],
    ['x-mcp-endpoint', 'admin', 'X-Mcp-Endpoint'],
  ])('gets an error about the %s %j', (name, value, said) => {
    expect(refusal({ ...gate, [name]: value })).toMatchObject({
      code: 'gate_misconfigured',
      message: `The gate sent an unknown ${said}.`,
    });
  });
});
