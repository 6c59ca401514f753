import { once } from 'node:events';
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { AuthError } from '../../../../auth-server/denials/auth-error.ts';
import { type Allowance, allow, deny } from '../../../../auth-server/gate/answer.ts';
import type { OriginalRequest } from '../../../../auth-server/request/original-request.ts';
import { NumberInBody, type RequestId } from '../../../../policy/request/request-id.ts';

const publicUrl = 'http://localhost:8080';
const bodyOf = (response: Response) => JSON.parse(response.headers.get('x-deny-body') ?? 'null');

/** The bytes that `write` sends. */
async function answered(write: (res: ServerResponse) => void): Promise<Response> {
  const server = createServer((_req, res) => {
    try {
      write(res);
    } catch (error) {
      res.destroy(error as Error);
    }
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  try {
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
    return await fetch(url, { signal: AbortSignal.timeout(2_000) });
  } finally {
    server.closeAllConnections();
    server.close();
  }
}

const bob: Allowance['principal'] = {
  kind: 'person',
  subject: 'b0b',
  username: 'bob',
  clientId: undefined,
  groups: [],
  scopes: [],
  authMethod: 'session_cookie',
  sessionId: 's',
  expiresAt: 2_000_000_000,
};
const allowed = (change: Partial<Allowance>, principal: Partial<Allowance['principal']> = {}) =>
  answered((res) =>
    allow(res, {
      principal: { ...bob, ...principal },
      server: 'clock',
      tool: undefined,
      assertion: 'a.b.c',
      ticket: undefined,
      ...change,
    }),
  );
const identity = (response: Response) => [...response.headers.keys()].filter((name) => name.startsWith('x-')).sort();

describe('the headers of an allowed request', () => {
  test('are left out when there are no groups, app client, tool or ticket', async () => {
    const response = await allowed({});
    expect(response.status).toBe(200);
    expect(identity(response)).toEqual([
      'x-auth-method',
      'x-mcp-assertion',
      'x-scopes',
      'x-server-name',
      'x-user',
      'x-username',
    ]);
    expect(response.headers.get('x-mcp-assertion')).toBe('a.b.c');
  });

  test('name the ticket, the app client and the tool', async () => {
    const response = await allowed({ ticket: 't.i.c', tool: 'get time' }, { clientId: 'c 1' });
    expect(response.headers.get('x-relay')).toBe('t.i.c');
    expect(response.headers.get('x-client-id')).toBe('c%201');
    expect(response.headers.get('x-tool-name')).toBe('get%20time');
  });

  test('separate scopes by spaces and groups by commas, and escape both separators in names', async () => {
    const response = await allowed({}, { scopes: ['a/b', 'c d'], groups: ['g,h', 'i'] });
    expect(response.headers.get('x-scopes')).toBe('a/b c%20d');
    expect(response.headers.get('x-groups')).toBe('g%2Ch,i');
  });

  test('leave out the groups instead of cutting them when they take more than 4096 characters', async () => {
    const groups = (length: number) => ['g'.repeat(2000), 'h'.repeat(length - 2001)];
    expect((await allowed({}, { groups: groups(4096) })).headers.get('x-groups')).toHaveLength(4096);
    expect((await allowed({}, { groups: groups(4097) })).headers.get('x-groups')).toBeNull();
  });

  test('cut the name of a tool that takes more than 1024 characters in ASCII', async () => {
    const name = (await allowed({ tool: '日'.repeat(256) })).headers.get('x-tool-name') ?? '';
    expect(name).toHaveLength(1024);
    expect('%E6%97%A5'.repeat(256).startsWith(name)).toBe(true);
  });

  test('keep every character that is safe in a list', async () => {
    const safe = "!#$&'*+-./0123456789:=?@AZ^_`az|~";
    expect((await allowed({}, { username: safe })).headers.get('x-username')).toBe(safe);
    const other = '"%(),;<>[\\]{} ';
    expect((await allowed({}, { username: other })).headers.get('x-username')).toBe(
      '%22%25()%2C%3B%3C%3E%5B%5C%5D%7B%7D%20',
    );
  });
});

const page: OriginalRequest = {
  target: { resource: 'registry' },
  method: 'GET',
  uri: '/servers',
  credentials: { authorization: undefined, cookie: undefined },
  browser: { origin: undefined, fetchSite: undefined, fetchDest: undefined },
  mcp: { method: undefined, name: undefined, protocolVersion: undefined, sessionId: undefined },
  accept: 'text/html',
  address: undefined,
  requestId: undefined,
  isInner: false,
};
const mcp: OriginalRequest = {
  ...page,
  target: { resource: 'mcp', server: 'clock', endpoint: 'mcp', routed: true },
  method: 'POST',
  accept: 'application/json, text/event-stream',
};
const messages: OriginalRequest = {
  ...mcp,
  target: { ...mcp.target, endpoint: 'messages' } as OriginalRequest['target'],
};
const denied = (error: AuthError, request: OriginalRequest | undefined = mcp) =>
  answered((res) => deny(res, error, { publicUrl, clientsLogIn: true }, request));
const unauthenticated = new AuthError('credentials_missing', 'Log in.');

describe('the redirect to the login', () => {
  test.each([
    [1000, true],
    [1001, false],
  ])('from a URL of %d characters leads back to it: %s', async (length, back) => {
    const uri = `/${'x'.repeat(length - 1)}`;
    const response = await denied(unauthenticated, { ...page, uri });
    expect(response.headers.get('x-login-url')).toBe(back ? `/login?redirect_uri=%2F${uri.slice(1)}` : '/login');
  });

  test.each<[string, AuthError, OriginalRequest]>([
    ['that sends no Accept header', unauthenticated, { ...page, accept: undefined }],
    ['that accepts JSON only', unauthenticated, { ...page, accept: 'application/json' }],
    ['that submits a form', unauthenticated, { ...page, method: 'POST' }],
    ['that is authenticated and not permitted', new AuthError('origin_not_allowed', 'No.'), page],
  ])('is not sent to a client %s', async (_who, error, request) => {
    expect((await denied(error, request)).headers.get('x-login-url')).toBeNull();
  });

  test('is not sent when the headers of the gate are invalid, and the challenge then names the metadata of the API', async () => {
    const response = await answered((res) => deny(res, unauthenticated, { publicUrl, clientsLogIn: false }));
    expect(response.headers.get('x-login-url')).toBeNull();
    expect(response.headers.get('www-authenticate')).toBe(
      `Bearer resource_metadata="${publicUrl}/.well-known/oauth-protected-resource/api", scope="openid email profile"`,
    );
    expect(bodyOf(response)).toMatchObject({ jsonrpc: '2.0', id: null });
  });
});

describe('the message of a denial', () => {
  const messageOf = async (message: string) =>
    bodyOf(await denied(new AuthError('not_permitted', message))).error.message;

  test.each([
    ['of 1024 letters stays whole', 'x'.repeat(1024), 'x'.repeat(1024)],
    ['of 1025 letters loses the last one', 'x'.repeat(1025), 'x'.repeat(1024)],
    ['keeps a letter of six characters that just fits', `${'x'.repeat(1018)}éy`, `${'x'.repeat(1018)}é`],
    ['loses a letter that does not fit', `${'x'.repeat(1019)}éy`, 'x'.repeat(1019)],
    ['keeps an emoji of twelve characters that just fits', `${'x'.repeat(1012)}😀y`, `${'x'.repeat(1012)}😀`],
    ['loses an emoji that does not fit as a whole', `${'x'.repeat(1013)}😀y`, 'x'.repeat(1013)],
    ['counts a quote as two characters', `${'x'.repeat(1023)}"`, 'x'.repeat(1023)],
  ])('%s', async (_what, sent, kept) => {
    expect(await messageOf(sent)).toBe(kept);
  });

  test('is sent as ASCII, with the more exact code of the error and a content length', async () => {
    const response = await denied(new AuthError('request_refused', 'größe', { rpcCode: -32020, id: 'i' }));
    expect(response.headers.get('x-deny-body')).toBe(
      '{"jsonrpc":"2.0","id":"i","error":{"code":-32020,"message":"gr\\u00f6\\u00dfe","data":{"reason":"request_refused"}}}',
    );
  });

  const numbered = (id: string) => new NumberInBody(Buffer.from(`{"id":${id}}`));
  test.each<[RequestId, string]>([
    ['é', '"\\u00e9"'],
    ['\ud800', '"\\ud800"'],
    [-7, '-7'],
    [numbered('1.0'), '1.0'],
    [numbered('12345678901234567890'), '12345678901234567890'],
    [numbered('9'.repeat(1024)), '9'.repeat(1024)],
    [numbered('9'.repeat(1025)), 'null'],
  ])('repeats the id %p as it was written, unless it is too long', async (id, written) => {
    const body = (await denied(new AuthError('request_refused', 'No.', { id }))).headers.get('x-deny-body');
    expect(body).toMatch(`{"jsonrpc":"2.0","id":${written},"error":{`);
  });

  test('about a method that is not offered lists the offered methods', async () => {
    const refused = new AuthError('method_not_allowed', 'No.', { allow: ['POST', 'GET'] });
    expect((await denied(refused)).headers.get('allow')).toBe('POST, GET');
    expect((await denied(unauthenticated)).headers.get('allow')).toBeNull();
  });
});

describe('the challenge for a missing scope', () => {
  const challengeFor = async (held: string[], code: 'not_permitted' | 'server_not_found' = 'not_permitted') =>
    (await denied(new AuthError(code, 'No.', { missing: { scope: 'new/one', held } }))).headers.get('www-authenticate');
  const scopesIn = (challenge: string | null) => / scope="([^"]*)"/.exec(challenge ?? '')?.[1]?.split(' ');

  test('names each scope once, the held scopes first', async () => {
    expect(scopesIn(await challengeFor(['a/b', 'a/b', 'new/one', 'c/d']))).toEqual(['a/b', 'new/one', 'c/d']);
  });

  test('names all scopes up to 2048 characters, and only the missing ones beyond that', async () => {
    const bare = (await challengeFor([]))?.length ?? 0;
    const held = (length: number) => ['h'.repeat(length - bare - 1)];
    expect(await challengeFor(held(2048))).toHaveLength(2048);
    expect(scopesIn(await challengeFor(held(2048)))).toEqual([...held(2048), 'new/one']);
    expect(scopesIn(await challengeFor(held(2049)))).toEqual(['new/one']);
  });

  test('is sent only with a 403, and only if a scope is missing', async () => {
    expect(await challengeFor([], 'server_not_found')).toBeNull();
    expect((await denied(new AuthError('not_permitted', 'No.'))).headers.get('www-authenticate')).toBeNull();
  });
});

describe('a denial sent to nginx', () => {
  test.each<[AuthError['code'], number, number, string | null]>([
    ['credentials_missing', 401, 401, null],
    ['token_expired', 401, 401, null],
    ['not_permitted', 403, 403, null],
    ['server_not_found', 403, 404, null],
    ['method_not_allowed', 403, 405, null],
    ['internal_error', 403, 503, '1'],
  ])(
    'for %s is a %d to auth_request and a %d to the client, with Retry-After: %s',
    async (code, http, status, after) => {
      const response = await denied(new AuthError(code, 'No.'));
      expect(response.status).toBe(http);
      expect(response.headers.get('x-deny-status')).toBe(String(status));
      expect(response.headers.get('x-deny-code')).toBe(code);
      expect(response.headers.get('retry-after')).toBe(after);
      expect(response.headers.get('content-length')).toBe('0');
    },
  );

  test.each<[string, AuthError['code'], OriginalRequest, AuthError['details'], string | null]>([
    ['a call that no rule allows', 'not_permitted', mcp, { id: 1 }, '1'],
    ['a changed tool', 'tool_changed', mcp, { id: 'a' }, '1'],
    ['a task that is not the caller’s', 'task_unknown', mcp, { id: 0 }, '1'],
    ['a call without a name', 'params_invalid', mcp, { id: 1 }, '1'],
    ['a method that an old client tried', 'method_unknown', mcp, { id: 1 }, '1'],
    ['a method that a new client tried', 'method_unknown', mcp, { id: 1, isModern: true }, null],
    ['a notification', 'not_permitted', mcp, {}, null],
    ['a request whose id is too long', 'not_permitted', mcp, { id: 'a'.repeat(1023) }, null],
    ['a message to /messages', 'not_permitted', messages, { id: 1 }, null],
    ['a body that cannot be read', 'request_refused', mcp, { id: 1 }, null],
    ['a caller without a credential', 'credentials_missing', mcp, { id: 1 }, null],
    ['a page of another site', 'origin_not_allowed', mcp, { id: 1 }, null],
    ['an ended session', 'session_unknown', mcp, { id: 1 }, null],
    ['a request to the registry', 'not_permitted', page, { id: 1 }, null],
  ])('about %s (%s) may be sent as an answer: X-Deny-In-Band', async (_what, code, request, details, inBand) => {
    const response = await denied(new AuthError(code, 'No.', details), request);
    expect(response.headers.get('x-deny-in-band')).toBe(inBand);
    expect(response.status).toBe(code === 'credentials_missing' ? 401 : 403);
  });

  test('holds a result instead of an error only for a request that it answers', async () => {
    const result = { tools: [] };
    const body = async (id?: string) => bodyOf(await denied(new AuthError('nothing_to_list', 'No.', { id, result })));
    expect(await body('a')).toEqual({ jsonrpc: '2.0', id: 'a', result });
    expect(await body()).toMatchObject({ id: null, error: { data: { reason: 'nothing_to_list' } } });
  });

  test('is a plain object for the registry and JSON-RPC for a server', async () => {
    const refused = new AuthError('not_permitted', 'No.', { id: 1 });
    expect(bodyOf(await denied(refused, page))).toEqual({ error: { code: 'not_permitted', message: 'No.' } });
    expect(bodyOf(await denied(refused))).toMatchObject({ jsonrpc: '2.0', id: 1, error: { code: -32003 } });
  });

  test.each([
    [7, 7],
    [-1.5, -1.5],
    ['a', 'a'],
    ['~ '.repeat(64), '~ '.repeat(64)],
    ['a'.repeat(1022), 'a'.repeat(1022)],
    ['a'.repeat(1023), null],
    ['', ''],
    ['é', 'é'],
    ['é'.repeat(171), null],
    ['\u007fa', '\u007fa'],
    ['a\n', 'a\n'],
    [undefined, null],
  ])('answers to the id %j with %j', async (id, echoed) => {
    expect(bodyOf(await denied(new AuthError('not_permitted', 'No.', { id }))).id).toBe(echoed);
  });
});

describe('the challenge to an unauthenticated client', () => {
  const challengeAt = async (request: OriginalRequest, code: AuthError['code'] = 'credentials_missing') =>
    (await denied(new AuthError(code, 'No.'), request)).headers.get('www-authenticate');
  const at = (endpoint: 'mcp' | 'sse' | 'messages') =>
    ({ ...mcp, target: { resource: 'mcp', server: 'clock', endpoint, routed: true } }) as const;

  test.each<[string, OriginalRequest, string]>([
    ['the requested endpoint', at('mcp'), '/clock/mcp'],
    ['the requested stream', at('sse'), '/clock/sse'],
    ['the stream, for a message that belongs to one', at('messages'), '/clock/sse'],
    ['the API, for a page', page, '/api'],
  ])('names the metadata of %s', async (_what, request, path) => {
    expect(await challengeAt(request)).toBe(
      `Bearer resource_metadata="${publicUrl}/.well-known/oauth-protected-resource${path}", scope="mcp"`,
    );
  });

  test.each(['token_invalid', 'token_expired'] as const)('says that the token is invalid: %s', async (code) => {
    expect(await challengeAt(mcp, code)).toMatch(/^Bearer error="invalid_token", resource_metadata="/);
  });

  test('does not redirect a request for a server to the login, not even from a browser', async () => {
    const response = await denied(unauthenticated, { ...mcp, method: 'GET', accept: 'text/html' });
    expect(response.headers.get('x-login-url')).toBeNull();
  });
});
