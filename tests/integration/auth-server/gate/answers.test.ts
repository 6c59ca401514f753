import {
  agentClaims,
  denialOf,
  personClaims,
  publicUrl,
  registryPage,
  startAuthServer,
  toolCall,
  toolsList,
} from '../../../support/auth-server/auth-fixture.ts';
import { authServerWithPool } from '../../../support/auth-server/with-pool.ts';

const { cognito, auth, bearer } = await authServerWithPool();
const asAgent = (scope: string) => bearer(agentClaims({ scope }));
const asUser = async () => ({ Cookie: await auth.session({ groups: ['mcp-registry-user'] }) });

describe('the body of a denial', () => {
  test.each([
    [1, 1],
    [-7, -7],
    ['abc', 'abc'],
    ['x'.repeat(128), 'x'.repeat(128)],
    ['x'.repeat(1023), null],
    ['größe', 'größe'],
    ['line\nbreak', 'line\nbreak'],
    ['', ''],
  ])('echoes the id %j as %j', async (id, echoed) => {
    const denial = denialOf(await auth.validate(await asUser(), toolCall('t', id)));
    expect(denial).toMatchObject({ code: 'not_permitted', body: { jsonrpc: '2.0', id: echoed } });
  });

  test('echoes the id of a rejected call too, and sends none when there was none', async () => {
    const nameless = { jsonrpc: '2.0', id: 'abc', method: 'tools/call', params: {} };
    expect(denialOf(await auth.validate(await asUser(), nameless)).body.id).toBe('abc');
    expect(denialOf(await auth.validate(await asUser(), '[]')).body.id).toBeNull();
    expect(denialOf(await auth.validate({}, toolCall('t', 'abc'))).body.id).toBeNull();
  });

  test.each([
    ['a long tool', toolCall('x'.repeat(256), 'y'.repeat(128))],
    ['a long tool name of non-ASCII letters', toolCall('日'.repeat(256), 'y'.repeat(128))],
    ['a long method of emoji', { jsonrpc: '2.0', id: '"'.repeat(128), method: '😀'.repeat(5000) }],
    ['a method of quotes', { jsonrpc: '2.0', id: '\\'.repeat(128), method: '"\\'.repeat(5000) }],
    ['a long URI of emoji', { jsonrpc: '2.0', id: 1, method: 'resources/read', params: { uri: '😀'.repeat(5000) } }],
    ['a tool of control characters', toolCall('\u0000\u0001\r\n\t'.repeat(50))],
  ])('is at most 2 kB of ASCII for %s', async (_what, body) => {
    const response = await auth.validate({ Cookie: await auth.session({ groups: [] }) }, body);
    expect(denialOf(response)).toMatchObject({ code: 'not_permitted', body: { jsonrpc: '2.0' } });
    const text = response.headers.get('x-deny-body') ?? '';
    expect(text).toMatch(/^[ -~]+$/);
    expect(text.length).toBeLessThanOrEqual(2048);
  });

  test('names the requested access, the scopes that the person holds, who can change them, and where to ask', async () => {
    const denial = denialOf(await auth.validate(await asUser(), toolCall('current_time_by_timezone')));
    expect(denial.body.error.message).toBe(
      'Not allowed: tools/call current_time_by_timezone on currenttime (method_not_allowed). ' +
        'You hold mcp-registry-user, mcp-servers-restricted/read. ' +
        'Any of the groups mcp-registry-operator, mcp-registry-developer, mcp-registry-admin would allow it. ' +
        'Ask an administrator, who can add you in Cognito. ' +
        'Or ask for it here: http://localhost:8080/requests/new?server=currenttime&tool=current_time_by_timezone',
    );
  });

  test.each([
    [
      'a person about the one group that would allow the access',
      { groups: ['mcp-registry-developer'] },
      'mcp-registry-developer, mcp-servers-restricted/read, mcp-servers-restricted/execute',
      'The group mcp-registry-admin would allow it. Ask an administrator, who can add you in Cognito. Or ask for it here: http://localhost:8080/requests/new?server=mcpgw&tool=remove_service',
    ],
    [
      'a person in no group, who may not know the server, only whom to ask',
      { groups: [] },
      'no scope',
      'Ask an administrator, who can change your groups in Cognito, or the policy.',
    ],
  ])('tells %s', async (_who, person, holds, way) => {
    const headers = { Cookie: await auth.session(person), 'X-Mcp-Server': 'mcpgw' };
    const { message } = denialOf(await auth.validate(headers, toolCall('remove_service'))).body.error;
    expect(message).toMatch(/^Not allowed: tools\/call remove_service on mcpgw \((object|no)_\w+\)\. /);
    expect(message).toMatch(new RegExp(`You hold ${holds}\\. ${way.replace(/[.?]/g, '\\$&')}$`));
  });

  test('tells an agent the missing scope and where to grant it', async () => {
    const denial = denialOf(await auth.validate(await asAgent('mcp-servers-restricted/read'), toolCall('t')));
    expect(denial.body.error.message).toBe(
      'Not allowed: tools/call t on currenttime (method_not_allowed). You hold mcp-servers-restricted/read. ' +
        "The scope mcp-servers-restricted/execute would allow it. The administrator of this agent's app client in " +
        'Cognito can grant it: App clients > Login pages > Custom scopes.',
    );
  });

  test('is a plain error object for the registry', async () => {
    const denial = denialOf(await auth.validate({ ...registryPage, Accept: 'application/json' }, ''));
    expect(denial.body).toEqual({ error: { code: 'credentials_missing', message: expect.stringMatching(/^Log in/) } });
  });

  test('about a contradicting header has the error code of the claimed protocol revision', async () => {
    const headers = { ...(await asUser()), 'Mcp-Name': 'u', 'MCP-Protocol-Version': '2026-07-28' };
    expect(denialOf(await auth.validate(headers, toolCall('t'))).body.error.code).toBe(-32020);
  });

  test('about a method that MCP has removed is a 404 for clients of that revision, whatever they may do', async () => {
    const headers = { ...(await asUser()), 'MCP-Protocol-Version': '2026-07-28' };
    const denial = denialOf(await auth.validate(headers, { ...toolsList, method: 'resources/subscribe' }));
    expect(denial).toMatchObject({ status: 404, code: 'method_unknown', body: { id: 1, error: { code: -32601 } } });
  });
});

describe('an agent that could request another token', () => {
  const metadata = `resource_metadata="${publicUrl}/.well-known/oauth-protected-resource/currenttime/mcp"`;
  const challengeOf = async (headers: Record<string, string | null>, body?: object) =>
    (await auth.validate(headers, body ?? toolCall('t'))).headers.get('www-authenticate');

  test('is challenged for the scopes it holds plus the missing one (RFC 6750, MCP "Scope challenge handling")', async () => {
    const response = await auth.validate(await asAgent('mcp-servers-restricted/read'), toolCall('t'));
    expect(denialOf(response)).toMatchObject({ http: 403, status: 403, code: 'not_permitted' });
    expect(response.headers.get('www-authenticate')).toBe(
      'Bearer error="insufficient_scope", scope="mcp-servers-restricted/read mcp-servers-restricted/execute", ' +
        `${metadata}, error_description="This needs a scope that the access token lacks"`,
    );
  });

  test('gets the same challenge for the same request, so that SDK v1 notices that its new token did not help', async () => {
    const headers = await asAgent('mcp-servers-restricted/read');
    const challenges = [
      await challengeOf(headers),
      await challengeOf(headers),
      await challengeOf(headers, toolCall('t', 9)),
    ];
    expect(new Set(challenges).size).toBe(1);
  });

  test.each<[string, string, Record<string, string | null>, object]>([
    [
      'no scope helps: the method is unknown',
      'mcp-servers-restricted/read',
      {},
      { ...toolsList, method: 'admin/reset' },
    ],
    ['it may not know the server', 'mcp-servers-restricted/execute', { 'X-Mcp-Server': 'mcpgw' }, toolsList],
    ['it holds nothing', 'openid', {}, toolsList],
    ['there is no such server', 'mcp-servers-unrestricted/execute', { 'X-Mcp-Routed': null }, toolCall('t')],
    ['the request is malformed', 'mcp-servers-restricted/read', {}, [toolsList]],
    ['a page of another origin asks', 'mcp-servers-restricted/read', { Origin: 'https://evil.example' }, toolCall('t')],
  ])('is not challenged when %s', async (_why, scope, headers, body) => {
    const response = await auth.validate({ ...(await asAgent(scope)), ...headers }, body);
    expect(response.status).toBe(403);
    expect(response.headers.get('www-authenticate')).toBeNull();
  });

  test('is never a person, even with scopes in their token: a new token would contain the same groups', async () => {
    const scope = 'mcp-servers-restricted/read';
    const token = await cognito.control.mint(
      'access',
      personClaims({ 'cognito:groups': ['mcp-registry-user'], scope }),
    );
    expect(await challengeOf({ Authorization: `Bearer ${token}` })).toBeNull();
    expect(await challengeOf(await asUser())).toBeNull();
  });

  test('gets a challenge for the missing scope only when all its scopes would make the challenge too long', async () => {
    const rule = (methods: string) => `  - {server: currenttime, methods: [${methods}], tools: ["*"]}\n`;
    const many = Array.from({ length: 40 }, (_, i) => `held/${'x'.repeat(50)}${i}`);
    const policyText = `group_mappings: {}\n${many.map((name) => `${name}:\n${rule('tools/list')}`).join('')}held/call:\n${rule('tools/call')}`;
    const server = await startAuthServer(cognito.url, { policyText });
    try {
      for (const [held, expected] of [
        [many, 'held/call'],
        [many.slice(0, 5), [...many.slice(0, 5), 'held/call'].join(' ')],
      ] as const) {
        const response = await server.validate(await asAgent(held.join(' ')), toolCall('t'));
        const challenge = response.headers.get('www-authenticate') ?? '';
        expect(/ scope="([^"]*)"/.exec(challenge)?.[1]).toBe(expected);
        expect(challenge.length).toBeLessThanOrEqual(2048);
      }
    } finally {
      await server.close();
    }
  });
});

describe('the answer to an unauthenticated caller', () => {
  test('sends an MCP client to the metadata of the endpoint that it requested', async () => {
    expect((await auth.validate({})).headers.get('www-authenticate')).toBe(
      'Bearer resource_metadata="http://localhost:8080/.well-known/oauth-protected-resource/currenttime/mcp", scope="mcp"',
    );
  });

  test('sends an SSE client that posts to the metadata of the endpoint that it is connected to', async () => {
    const response = await auth.validate({ 'X-Mcp-Endpoint': 'messages', 'X-Original-URI': '/currenttime/messages' });
    expect(response.headers.get('www-authenticate')).toContain('/oauth-protected-resource/currenttime/sse"');
  });

  test('contains nothing about scopes or groups', async () => {
    for (const headers of [{}, { Authorization: 'Bearer x' }, { 'X-Mcp-Server': 'no-such-server' }]) {
      const response = await auth.validate(headers, toolCall('t'));
      expect(response.status).toBe(401);
      const all = JSON.stringify([...response.headers]);
      expect(all).not.toMatch(/mcp-registry-|mcp-servers-|insufficient_scope|would allow/);
    }
  });

  test('sends a browser that opens a page to the login, and from there back to the page', async () => {
    const html = 'text/html,application/xhtml+xml';
    const response = await auth.validate({ ...registryPage, Accept: html }, '');
    expect(response.headers.get('x-login-url')).toBe('/login?redirect_uri=%2Fservers%3Ftag%3Da%26b%3Dc');
    expect(response.headers.get('www-authenticate')).toMatch(/oauth-protected-resource\/api"/);
  });

  test.each([
    ['a call of the API', { ...registryPage, Accept: 'application/json' }],
    ['a form', { ...registryPage, Accept: 'text/html', 'X-Original-Method': 'POST' }],
    ['an MCP call', { Accept: 'text/html' }],
  ])('does not send %s to the login', async (_what, headers) => {
    const response = await auth.validate(headers, '');
    expect(response.status).toBe(401);
    expect(response.headers.get('x-login-url')).toBeNull();
  });

  test('does not reveal which servers exist: an unknown, a forbidden and a known server look the same', async () => {
    const answers = ['currenttime', 'mcpgw', 'no-such-server', 'registry', '../x'].map(async (name) => {
      const routed = name === 'no-such-server' ? { 'X-Mcp-Routed': null } : {};
      const response = await auth.validate({ 'X-Mcp-Server': name, ...routed });
      return [response.status, response.headers.get('x-deny-body')].join();
    });
    expect(new Set(await Promise.all(answers)).size).toBe(1);
  });

  test('a person who may not use a server does not learn whether it exists', async () => {
    const Cookie = (await asUser()).Cookie;
    for (const routed of ['1', null]) {
      const response = await auth.validate({ Cookie, 'X-Mcp-Server': 'secret-plans', 'X-Mcp-Routed': routed });
      expect(denialOf(response).code).toBe('not_permitted');
    }
  });

  test.each([
    ['a disabled server', { 'X-Mcp-Routed': null }],
    ['a server that is not routed', { 'X-Mcp-Routed': '0' }],
    ['a reserved name', { 'X-Mcp-Server': 'registry' }],
    ['a name that no server can have', { 'X-Mcp-Server': 'Current.Time' }],
  ])('an administrator gets 404 for %s', async (_what, headers) => {
    const denial = denialOf(await auth.validate({ Cookie: await auth.session(), ...headers }));
    expect(denial).toMatchObject({ http: 403, status: 404, code: 'server_not_found' });
  });
});

describe('a body that is larger than the limit', () => {
  test.each([66_000, 300_000, 5_000_000])('of %i bytes gets its answer, not a broken connection', async (size) => {
    const response = await auth.validate(await asUser(), toolCall('x'.repeat(size)));
    expect(denialOf(response)).toMatchObject({ http: 403, status: 413, code: 'body_too_large' });
  });

  test('is rejected for its size only after the caller is authenticated', async () => {
    const response = await auth.validate({}, toolCall('x'.repeat(66_000)));
    expect(denialOf(response)).toMatchObject({ http: 401, code: 'credentials_missing' });
  });

  test('of exactly the limit is read', async () => {
    const filler = JSON.stringify(toolCall('')).length;
    const exact = await auth.validate(await asUser(), toolCall('x'.repeat(65_536 - filler)));
    expect(denialOf(exact).code).toBe('params_invalid');
    const over = await auth.validate(await asUser(), toolCall('x'.repeat(65_537 - filler)));
    expect(denialOf(over).code).toBe('body_too_large');
  });
});
