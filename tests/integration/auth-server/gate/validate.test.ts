import { readFileSync } from 'node:fs';
import { decodeJwt } from 'jose';
import { meanings } from '../../../../auth-server/denials/codes.ts';
import { requestQuery } from '../../../../auth-server/store/request-query.ts';
import { accountsWith, atAccounts } from '../../../support/auth-server/accounts-in-memory.ts';
import {
  AGENT,
  agentClaims,
  alice,
  denialOf,
  now,
  personClaims,
  publicUrl,
  registryPage,
  startAuthServer,
  toolCall,
  toolsList,
  usualThrottle,
  WEB,
} from '../../../support/auth-server/auth-fixture.ts';
import { authServerWithPool } from '../../../support/auth-server/with-pool.ts';

const { cognito, auth, bearer } = await authServerWithPool({ accounts: accountsWith({}) });
const identity = (response: Response) =>
  Object.fromEntries([...response.headers].filter(([name]) => name.startsWith('x-') && name !== 'x-mcp-assertion'));

describe('an allowed caller', () => {
  test('with a session is a person whose stable id, name, groups and scopes are sent to the server', async () => {
    const response = await auth.validate({ Cookie: await auth.session() }, toolCall('current_time_by_timezone'));
    expect(response.status).toBe(200);
    expect(identity(response)).toEqual({
      'x-user': alice.sub,
      'x-username': 'alice',
      'x-groups': 'mcp-registry-admin',
      'x-scopes': 'mcp-registry-admin mcp-servers-unrestricted/read mcp-servers-unrestricted/execute',
      'x-auth-method': 'session_cookie',
      'x-server-name': 'currenttime',
      'x-tool-name': 'current_time_by_timezone',
    });
    expect(response.headers.get('content-length')).toBe('0');
    expect(decodeJwt(response.headers.get('x-mcp-assertion') ?? '')).toMatchObject({
      aud: `${publicUrl}/currenttime`,
      sub: alice.sub,
      tool: 'current_time_by_timezone',
    });
  });

  test('with a token of a person is sent to the server with the app client too', async () => {
    const { access_token } = await cognito.control.signIn('bob', WEB);
    const response = await auth.validate({ Authorization: `Bearer ${access_token}` });
    expect(response.status).toBe(200);
    expect(identity(response)).toEqual({
      'x-relay': expect.stringMatching(/^eyJ/),
      'x-user': 'b0b00000-0000-4000-8000-000000000002',
      'x-username': 'bob',
      'x-client-id': WEB,
      'x-groups': 'mcp-registry-user',
      'x-scopes': 'mcp-registry-user mcp-servers-restricted/read',
      'x-auth-method': 'jwt',
      'x-server-name': 'currenttime',
    });
  });

  test('with a token of an agent is named by its app client, and has the scopes of the token and no groups', async () => {
    const response = await auth.validate(await bearer(agentClaims({ 'cognito:groups': ['mcp-registry-admin'] })));
    expect(response.status).toBe(200);
    expect(identity(response)).toEqual({
      'x-relay': expect.stringMatching(/^eyJ/),
      'x-user': AGENT,
      'x-username': AGENT,
      'x-client-id': AGENT,
      'x-scopes': 'mcp-servers-unrestricted/read mcp-servers-unrestricted/execute',
      'x-auth-method': 'jwt',
      'x-server-name': 'currenttime',
    });
  });

  test('on a page of the registry gets an assertion for the registry and for no other audience', async () => {
    const response = await auth.validate({ ...registryPage, Cookie: await auth.session() }, '');
    expect(response.status).toBe(200);
    expect(response.headers.get('x-server-name')).toBe('#registry');
    expect(decodeJwt(response.headers.get('x-mcp-assertion') ?? '').aud).toBe(`${publicUrl}/#registry`);
  });

  test.each(['Bearer', 'bearer', 'BEARER', 'bEaReR'])('may write the scheme as %s', async (scheme) => {
    const token = await cognito.control.mint('access', personClaims());
    expect((await auth.validate({ Authorization: `${scheme} ${token}` })).status).toBe(200);
  });

  test('has names with a comma, a quote, a line break or non-ASCII letters, each percent-encoded on its own', async () => {
    const odd = ['a,b', 'say "hi"', 'größe', 'line\nbreak', '日本', 'semi;colon', '100%'];
    const policyText = `group_mappings: ${JSON.stringify(Object.fromEntries(odd.map((group) => [group, ['s']])))}
s: [{server: "*", methods: ["*"]}]\n`;
    const server = await startAuthServer(cognito.url, { policyText });
    try {
      const claims = personClaims({ 'cognito:groups': odd, username: 'Zoë, "Z"\r\nX-Scopes: all\ud800' });
      const response = await server.validate(await bearer(claims));
      expect(response.status).toBe(200);
      const groups = response.headers.get('x-groups') ?? '';
      expect(groups).toMatch(/^[!-~]+$/);
      expect(groups.split(',').map(decodeURIComponent)).toEqual(odd);
      expect(response.headers.get('x-username')).toBe('Zo%C3%AB%2C%20%22Z%22%0D%0AX-Scopes:%20all%EF%BF%BD');
      expect(response.headers.get('x-scopes')).toBe('s');
    } finally {
      await server.close();
    }
  });

  test('with groups of more than 4 kB has them in the assertion, but not in the header', async () => {
    const many = Array.from({ length: 200 }, (_, index) => `a-group-with-a-long-name-${index}`);
    const policyText = `group_mappings: ${JSON.stringify(Object.fromEntries(many.map((group) => [group, ['s']])))}
s: [{server: "*", methods: ["*"]}]\n`;
    const server = await startAuthServer(cognito.url, { policyText });
    try {
      const response = await server.validate(await bearer(personClaims({ 'cognito:groups': many })));
      expect(response.status).toBe(200);
      expect(response.headers.get('x-groups')).toBeNull();
      expect(decodeJwt(response.headers.get('x-mcp-assertion') ?? '').groups).toEqual(many);
    } finally {
      await server.close();
    }
  });
});

test('a caller whose large bodies took too much time has to wait with them, and with nothing else', async () => {
  const server = await startAuthServer(cognito.url, { maxBody: 4_194_304 });
  const [Cookie, other] = [await server.session(), await server.session({ sub: 'other', username: 'other' })];
  const large = toolCall('t', { text: '\\"'.repeat(1_000_000) });
  let denial = denialOf(await server.validate({ Cookie }, large));
  for (let n = 0; n < 200 && denial.status !== 429; n++) denial = denialOf(await server.validate({ Cookie }, large));
  expect(denial).toMatchObject({ status: 429, code: 'too_many_requests' });
  expect(denial.body.error.message).toMatch(/^Your large requests .* small requests pass\.$/);
  expect((await server.validate({ Cookie }, toolsList)).status).toBe(200);
  expect(denialOf(await server.validate({ Cookie: other }, large)).status).not.toBe(429);
  await server.close();
}, 60_000);

describe('every code of a denial', () => {
  const expired = () => bearer(personClaims({ iat: now() - 7200, exp: now() - 3600 }));
  const cases: Record<string, () => Promise<Response>> = {
    credentials_missing: () => auth.validate({}),
    credentials_ambiguous: () => auth.validate({ Cookie: `${auth.cookieName}=a; ${auth.cookieName}=b` }),
    authorization_unreadable: () => auth.validate({ Authorization: 'Basic YWxpY2U6UGFzc3cwcmQh' }),
    token_invalid: () => auth.validate({ Authorization: 'Bearer rubbish' }),
    token_expired: async () => auth.validate(await expired()),
    session_invalid: () => auth.validate({ Cookie: `${auth.cookieName}=rubbish` }),
    session_expired: async () => auth.validate({ Cookie: await auth.session({ exp: now() - 1 }) }),
    session_ended: async () => auth.validate({ Cookie: await auth.session({ record: false }) }),
    session_idle: async () => auth.validate({ Cookie: await auth.session({ lastSeen: now() - 7201 }) }),
    access_revoked: async () => {
      await auth.store.revocations.add({ kind: 'user', value: 'dismissed', at: now() });
      return auth.validate({ Cookie: await auth.session({ username: 'dismissed' }) });
    },
    groups_unconfirmed: async () => {
      const cutOff = await startAuthServer('http://127.0.0.1:1');
      const refreshToken = await cutOff.vault.lock('a refresh token');
      const Cookie = await cutOff.session({ refreshedAt: now() - 901, refreshToken });
      return cutOff.validate({ Cookie }).finally(cutOff.close);
    },
    origin_not_allowed: async () => auth.validate({ Cookie: await auth.session(), Origin: 'https://evil.example' }),
    not_permitted: async () => auth.validate({ Cookie: await auth.session({ groups: [] }) }),
    not_delegated: async () => {
      const atHub = { 'X-Resource': 'hub', 'X-Mcp-Server': 'hub', 'X-Original-URI': '/mcp' };
      const { headers } = await auth.validate({ ...(await bearer()), ...atHub });
      const Authorization = `Bearer ${headers.get('x-mcp-delegation')}`;
      return auth.validate({ 'X-Resource': 'inner-mcp', Authorization }, toolCall('t'));
    },
    tool_changed: async () => {
      const strict = await startAuthServer(cognito.url, { approved: new Map() });
      const Cookie = await strict.session({ groups: ['mcp-registry-admin'] });
      return strict.validate({ Cookie }, toolCall('t')).finally(strict.close);
    },
    approved_tools_unavailable: async () => {
      const strict = await startAuthServer(cognito.url, { approved: 'unreadable' });
      const Cookie = await strict.session({ groups: ['mcp-registry-admin'] });
      return strict.validate({ Cookie }, toolCall('t')).finally(strict.close);
    },
    request_refused: async () => auth.validate({ Cookie: await auth.session() }, [toolsList]),
    body_unseen: async () => auth.validateWithoutBody({ Cookie: await auth.session() }),
    method_not_allowed: async () => auth.validate({ Cookie: await auth.session(), 'X-Original-Method': 'PUT' }),
    server_not_found: async () => auth.validate({ Cookie: await auth.session(), 'X-Mcp-Routed': null }),
    session_unknown: async () => auth.validate({ Cookie: await auth.session(), 'Mcp-Session-Id': 'of-another-owner' }),
    task_unknown: async () => {
      const body = { jsonrpc: '2.0', id: 1, method: 'tasks/get', params: { taskId: 'of-another-owner' } };
      return auth.validate({ Cookie: await auth.session({ groups: ['mcp-registry-admin'] }) }, body);
    },
    body_too_large: async () => auth.validate({ Cookie: await auth.session() }, toolCall('x'.repeat(66_000))),
    too_many_requests: async () => {
      const busy = await startAuthServer(cognito.url, { throttle: { ...usualThrottle, failuresPerCredential: 1 } });
      const ask = () => busy.validate({ Authorization: 'Bearer rubbish', 'X-Real-IP': '203.0.113.9' });
      await ask();
      return ask().finally(busy.close);
    },
    method_unknown: async () =>
      auth.validate({ Cookie: await auth.session() }, { ...toolCall('t'), method: 'admin/reset' }),
    nothing_to_list: async () => {
      const headers = await bearer(agentClaims({ scope: 'mcp-servers-restricted/execute' }));
      return auth.validate(headers, { jsonrpc: '2.0', id: 1, method: 'tools/list' });
    },
    params_invalid: async () => auth.validate({ Cookie: await auth.session() }, toolCall('')),
    too_busy: async () => {
      const full = await startAuthServer(cognito.url, { heldBytes: 10, maxBody: 4_194_304 });
      return full.validate({ Cookie: await full.session() }, toolCall('x'.repeat(65_600))).finally(full.close);
    },
    gate_misconfigured: async () => auth.validate({ Cookie: await auth.session(), 'X-Resource': null }),
    identity_provider_unavailable: async () => {
      const cutOff = await startAuthServer('http://127.0.0.1:1');
      return cutOff.validate(await bearer(personClaims())).finally(cutOff.close);
    },
    upstream_secret_unavailable: async () => {
      const wanted = { 'X-Mcp-Secret': 'github', 'X-Mcp-Upstream': 'https://mcp.example.com' };
      return auth.validate({ Cookie: await auth.session(), ...wanted });
    },
    account_needed: async () => auth.validate({ Cookie: await auth.session(), ...atAccounts }, toolCall('t')),
    account_refused: async () => {
      const refusing = await startAuthServer(cognito.url, { accounts: accountsWith({ alice: 'refuses' }) });
      const Cookie = await refusing.session();
      return refusing.validate({ Cookie, ...atAccounts }, toolCall('t')).finally(refusing.close);
    },
    account_for_people: async () => auth.validate({ ...(await bearer(agentClaims())), ...atAccounts }, toolCall('t')),
    account_unavailable: async () => {
      const without = await startAuthServer(cognito.url);
      const Cookie = await without.session();
      return without.validate({ Cookie, ...atAccounts }, toolCall('t')).finally(without.close);
    },
    approval_needed: async () => {
      const policyText = `
group_mappings: { mcp-registry-admin: [users] }
users: [{ server: "*", methods: [tools/call], tools: [{ name: t, approve: person }] }]
`;
      const holding = await startAuthServer(cognito.url, { policyText });
      const Cookie = await holding.session();
      return holding.validate({ Cookie }, toolCall('t')).finally(holding.close);
    },
    limit_reached: async () => {
      const policyText = `${readFileSync('scopes.yml', 'utf8')}\nlimits: [{ calls: 1, per: day }]\n`;
      const limited = await startAuthServer(cognito.url, { policyText });
      const Cookie = await limited.session();
      await limited.validate({ Cookie }, toolCall('current_time_by_timezone'));
      return limited.validate({ Cookie }, toolCall('current_time_by_timezone')).finally(limited.close);
    },
    store_unavailable: async () => {
      const broken = await startAuthServer(cognito.url);
      const cookie = await broken.session();
      broken.store.sessions.find = () => requestQuery(() => Promise.reject(new Error('connect ENOENT /secret/path')));
      return broken.validate({ Cookie: cookie }).finally(broken.close);
    },
    decision_too_slow: async () => {
      const hanging = await startAuthServer(cognito.url, { decideMilliseconds: undefined });
      const cookie = await hanging.session();
      hanging.store.sessions.find = () => new Promise(() => undefined);
      return hanging.validate({ Cookie: cookie }).finally(hanging.close);
    },
    internal_error: async () => {
      const broken = await startAuthServer(cognito.url);
      const cookie = await broken.session();
      broken.store.sessions.find = () => Promise.reject(new Error('disk on fire at /secret/path'));
      return broken.validate({ Cookie: cookie }).finally(broken.close);
    },
  };

  test('is covered here', () => {
    expect(Object.keys(cases).sort()).toEqual(Object.keys(meanings).sort());
  });

  test.each(Object.entries(meanings))(
    '%s is returned by /validate in a form that nginx understands',
    async (code, { status, rpcCode }) => {
      const response = await cases[code]?.();
      if (!response) throw new Error(`no request provokes ${code}`);
      const denial = denialOf(response);
      expect(denial).toMatchObject({ http: status === 401 ? 401 : 403, status, code });
      const error = { code: rpcCode, data: { reason: code } };
      const envelope = { jsonrpc: '2.0', ...(code === 'nothing_to_list' ? { result: { tools: [] } } : { error }) };
      expect(denial.body).toMatchObject(code === 'gate_misconfigured' ? { error: { code: rpcCode } } : envelope);
      expect(denial.body.error?.message ?? 'An empty list has no message.').toMatch(/^[A-Z].{20,}\.$/);
      expect(response.headers.get('content-length')).toBe('0');
      expect(
        [...response.headers.keys()].filter((name) => /^x-(user|username|scopes|groups|mcp-|relay)/.test(name)),
      ).toEqual([]);
      const untilMidnight = code === 'limit_reached' ? expect.stringMatching(/^[1-9]\d*$/) : undefined;
      const wait = untilMidnight ?? { 503: '1', 429: '60' }[status as number] ?? null;
      expect(response.headers.get('retry-after')).toEqual(wait);
      expect(JSON.stringify(denial)).not.toMatch(/disk on fire|secret\/path|ECONNREFUSED/);
      const challenge = response.headers.get('www-authenticate');
      if (status === 401)
        expect(challenge).toMatch(/^Bearer .*resource_metadata="http:\/\/localhost:8080\/\.well-known\//);
      else expect(challenge).toBeNull();
    },
  );

  test.each(['X-Resource', 'X-Mcp-Server', 'X-Mcp-Endpoint', 'X-Original-Method', 'X-Original-URI'])(
    'a gate that omits %s, or sends it empty, gets every request rejected',
    async (header) => {
      const Cookie = await auth.session();
      expect((await auth.validate({ Cookie })).status).toBe(200);
      for (const value of [null, '']) {
        const denial = denialOf(await auth.validate({ Cookie, [header]: value }));
        expect(denial).toMatchObject({ http: 403, status: 503, code: 'gate_misconfigured' });
      }
    },
  );

  test.each([
    ['X-Resource', 'everything'],
    ['X-Resource', 'MCP'],
    ['X-Mcp-Endpoint', 'admin'],
  ])('a gate that sends %s: %s gets every request rejected', async (header, value) => {
    const denial = denialOf(await auth.validate({ Cookie: await auth.session(), [header]: value }));
    expect(denial).toMatchObject({ http: 403, code: 'gate_misconfigured' });
  });

  test.each([
    ['GET', 'with a body', toolsList],
    ['DELETE', 'with a body', toolsList],
    ['POST', 'without a body', ''],
    ['POST', 'with half a body', '{"jsonrpc":"2.0",'],
    ['POST', 'with a JSON string for a body', '"tools/list"'],
  ])('%s %s is rejected (J3)', async (method, _what, body) => {
    const denial = denialOf(await auth.validate({ Cookie: await auth.session(), 'X-Original-Method': method }, body));
    expect(denial).toMatchObject({ http: 403, status: 400, code: 'request_refused' });
  });

  test('a forged X-Body, X-Original-URL or X-User changes nothing', async () => {
    const lies = { 'X-Body': JSON.stringify(toolsList), 'X-Original-URL': 'http://h/login', 'X-User': 'root' };
    const Cookie = await auth.session({ groups: ['mcp-registry-user'] });
    expect(denialOf(await auth.validate({ ...lies, Cookie }, toolCall('t')))).toMatchObject({ code: 'not_permitted' });
    expect((await auth.validate({ ...lies, Cookie })).headers.get('x-user')).toBe(alice.sub);
  });
});
