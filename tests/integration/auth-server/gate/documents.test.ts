import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createRemoteJWKSet, jwtVerify } from 'jose';
import { version } from '../../../../common/settings/version.ts';
import { issuer, publicUrl, startAuthServer } from '../../../support/auth-server/auth-fixture.ts';
import { authServerWithPool } from '../../../support/auth-server/with-pool.ts';
import { listen } from '../../../support/listen.ts';

const { cognito, auth } = await authServerWithPool();
const get = (path: string, headers: Record<string, string> = {}) =>
  fetch(auth.url + path, { headers, redirect: 'manual' });
const resource = '/.well-known/oauth-protected-resource';

describe('the public documents', () => {
  test.each([
    ['/currenttime/mcp', [publicUrl]],
    ['/no-such-server/sse', [publicUrl]],
    ['/mcp', [publicUrl]],
    ['/api', [publicUrl, issuer]],
  ])('include metadata of %j that name the gateway (RFC 9728)', async (path, servers) => {
    const answer = await get(resource + path, { Host: 'evil.example', 'X-Forwarded-Host': 'evil.example' });
    expect(answer.headers.get('access-control-allow-origin')).toBe('*');
    expect(answer.headers.get('access-control-allow-credentials')).toBeNull();
    expect(answer.headers.get('cache-control')).toBe('public, max-age=3600');
    expect(answer.headers.get('set-cookie')).toBeNull();
    expect(await answer.json()).toEqual({
      resource: publicUrl + path,
      authorization_servers: servers,
      scopes_supported: ['mcp'],
      bearer_methods_supported: ['header'],
      resource_name: 'MCP Gateway Registry',
    });
  });

  test('name the user pool and its scopes if no client may log in at the gateway', async () => {
    const off = await startAuthServer(cognito.url, { oauthClients: 'off' });
    const answer = await fetch(`${off.url}${resource}/currenttime/mcp`);
    expect(await answer.json()).toMatchObject({
      authorization_servers: [issuer],
      scopes_supported: ['openid', 'email', 'profile'],
    });
    expect((await off.validate({})).headers.get('www-authenticate')).toMatch(/scope="openid email profile"$/);
    const login = await fetch(`${off.url}/.well-known/oauth-authorization-server`);
    expect(login.status).toBe(404);
    await off.close();
  });

  test.each([
    ['/currenttime', '/currenttime'],
    ['/currenttime/', '/currenttime'],
    ['/currenttime/mcp/', '/currenttime/mcp'],
  ])('include metadata for other spellings of an endpoint: %j', async (path, named) => {
    expect(await (await get(resource + path)).json()).toMatchObject({ resource: publicUrl + named });
  });

  test.each(['', '/'])('include none for the bare origin (%j): no token is for all of it', async (path) => {
    const answer = await get(resource + path);
    expect(answer.status).toBe(404);
    expect(await answer.text()).toContain(`Update it to ${version} or newer`);
  });

  test.each([
    '//',
    '/currenttime//',
    '/currenttime/mcp/mcp',
    '/currenttime/messages',
    '/currenttime/admin',
    '//mcp',
    '/a/b/mcp',
    '/%22/mcp',
    '/currenttime%2fmcp',
    '/Upper/mcp',
    `/${'x'.repeat(64)}/mcp`,
  ])('include no metadata for %j, and a page of any origin may read the 404', async (path) => {
    const answer = await get(resource + path);
    expect(answer.status).toBe(404);
    expect(answer.headers.get('access-control-allow-origin')).toBe('*');
    expect(answer.headers.get('cache-control')).toBeNull();
  });

  test('answer HEAD like GET, and are the same with a query and with credentials', async () => {
    const path = `${auth.url}${resource}/currenttime/mcp`;
    const head = await fetch(path, { method: 'HEAD' });
    expect([head.status, head.headers.get('content-type')]).toEqual([200, 'application/json; charset=utf-8']);
    expect(await head.text()).toBe('');
    const plain = await (await fetch(path)).text();
    const other = await fetch(`${path}?resource=x`, { headers: { Authorization: 'Bearer x', Cookie: 'a=b' } });
    expect(await other.text()).toBe(plain);
  });

  test('include the keys that verify the assertions sent to servers', async () => {
    const assertion = (await auth.validate({ Cookie: await auth.session() })).headers.get('x-mcp-assertion') ?? '';
    const published = createRemoteJWKSet(new URL(`${auth.url}/.well-known/jwks.json`));
    const { payload } = await jwtVerify(assertion, published, {
      issuer: publicUrl,
      audience: `${publicUrl}/currenttime`,
    });
    expect(payload.username).toBe('alice');
    const answer = await get('/.well-known/jwks.json');
    expect(answer.headers.get('cache-control')).toBe('public, max-age=300');
    expect(Object.keys(JSON.parse(await answer.text()).keys[0])).not.toContain('d');
  });

  test.each(['/nothing', '/oauth2', '/validate/', '/oauth2/static/../app.ts', '/oauth2/static/%2e%2e/app.ts'])(
    'do not include %s',
    async (path) => {
      expect((await get(path)).status).toBe(404);
    },
  );

  test('include pages that load nothing from other origins, run no script and cannot be framed', async () => {
    const policy = (await get('/login')).headers.get('content-security-policy') ?? '';
    expect(policy).toMatch(/default-src 'none'/);
    expect(policy).toMatch(/frame-ancestors 'none'/);
    expect(policy).not.toMatch(/script-src|unsafe|\*/);
    expect((await get('/login')).headers.get('x-powered-by')).toBeNull();
  });

  test('include the style and the icon of the pages', async () => {
    const html = await (await get('/login')).text();
    const links = [...html.matchAll(/(?:href|src)="(\/oauth2\/static\/[^"]+)"/g)].map((match) => match[1] ?? '');
    expect(links.length).toBeGreaterThanOrEqual(2);
    for (const link of links) expect((await get(link)).status).toBe(200);
    expect(links.some((link) => /sign-in\.[0-9a-f]{16}\.css$/.test(link))).toBe(true);
    expect((await get('/oauth2/static/sign-in.css')).headers.get('cache-control')).toBe('public, max-age=3600');
  });
});

describe('the health of the gateway', () => {
  test('is up when relay and registry answer, and reports faults of the policy file', async () => {
    const registry = createServer((_req, res) => {
      res.setHeader('policy-version', '0123456789ab+2').end('ok');
    }).listen(0, '127.0.0.1');
    await new Promise((resolve) => registry.once('listening', resolve));
    const registryUrl = `http://127.0.0.1:${(registry.address() as AddressInfo).port}`;
    const policyFaults = ['scopes.yml: line 3: something secret'];
    const server = await startAuthServer(cognito.url, { registryUrl, relayUrl: registryUrl, policyFaults });
    try {
      const answer = await fetch(`${server.url}/health`);
      expect(answer.status).toBe(200);
      expect(await answer.json()).toMatchObject({
        status: 'up',
        relay: 'up',
        registry: 'up',
        policy: 'last good one in force; the file has faults',
        'policy-version': expect.stringMatching(
          /^auth-server [0-9a-f]{12}, relay 0123456789ab\+2, registry 0123456789ab\+2$/,
        ),
      });
    } finally {
      await server.close();
      registry.closeAllConnections();
      await new Promise((resolve) => registry.close(resolve));
    }
  });

  test('says which part has another version, without numbers', async () => {
    const named = (version: string) => (_req: unknown, res: ServerResponse) => {
      res.setHeader('gateway-version', version).end('ok');
    };
    const [relay, registry] = [await listen(named('0.0.1')), await listen(named(version))];
    const server = await startAuthServer(cognito.url, {
      registryUrl: `http://127.0.0.1:${registry.port}`,
      relayUrl: `http://127.0.0.1:${relay.port}`,
    });
    try {
      const versions = async (headers: Record<string, string>) =>
        ((await (await fetch(`${server.url}/health`, { headers })).json()) as Record<string, string>).versions;
      const others = (parts: string) => `another one: ${parts}; the log of the auth-server names it`;
      expect(await versions({})).toBe(others('relay'));
      expect(await versions({ 'gateway-version': version })).toBe(others('relay'));
      expect(await versions({ 'gateway-version': '0.0.2' })).toBe(others('nginx, relay'));
    } finally {
      for (const each of [server, relay, registry]) await each.close();
    }
  });

  test.each(['relay', 'registry'])('is down when the %s does not answer', async (gone) => {
    const other = createServer((_req, res) => void res.end('ok')).listen(0, '127.0.0.1');
    await new Promise((resolve) => other.once('listening', resolve));
    const otherUrl = `http://127.0.0.1:${(other.address() as AddressInfo).port}`;
    const urls = { registryUrl: otherUrl, relayUrl: otherUrl, [`${gone}Url`]: 'http://127.0.0.1:1' };
    const server = await startAuthServer(cognito.url, urls);
    try {
      const answer = await fetch(`${server.url}/health`);
      expect(answer.status).toBe(503);
      const both = { relay: 'up', registry: 'up', [gone]: 'down' };
      expect(await answer.json()).toMatchObject({ status: 'down', 'auth-server': 'up', ...both });
    } finally {
      await server.close();
      other.closeAllConnections();
      await new Promise((resolve) => other.close(resolve));
    }
  });
});
