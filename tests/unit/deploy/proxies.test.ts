import { readFileSync } from 'node:fs';
import { parse } from 'yaml';
import { settings } from '../../../common/settings/table.ts';

/** The tables of docs/validate.md: the header of each row below a heading. */
function headersUnder(heading: string): string[] {
  const section = readFileSync('docs/validate.md', 'utf8').split(`\n## ${heading}\n`)[1]?.split('\n## ')[0] ?? '';
  return [...section.matchAll(/^\| (`[^|]+) \|/gm)].flatMap(([, cell = '']) =>
    [...cell.matchAll(/`([A-Za-z-]+)`/g)].map(([, name = '']) => name.toLowerCase()),
  );
}
const asked = headersUnder('In');
const answered = headersUnder('Out: 200');
/** Set by the gate for each request. */
const set = ['x-resource', 'x-original-method', 'x-original-uri', 'x-mcp-server', 'x-mcp-endpoint', 'x-mcp-routed'];
/** Response headers that a proxy without a relay, brokers and upstream credentials does not need. */
const unused = [
  'x-relay',
  'x-by-arguments',
  'x-mcp-delegation',
  'x-caller-address',
  'x-upstream-authorization',
  'x-upstream-api-key',
  'x-upstream-credentials',
];
const identity = answered.filter((name) => !unused.includes(name));
const bodyLimit = settings.MAX_BODY_BYTES.schema.parse(undefined);

test('The tables of docs/validate.md list the headers of the request and of the response', () => {
  expect(asked).toEqual(expect.arrayContaining(set));
  expect(answered).toEqual(expect.arrayContaining([...unused, 'x-user', 'x-mcp-assertion']));
});

describe('envoy.yaml', () => {
  const { static_resources: all } = parse(readFileSync('deploy/proxies/envoy.yaml', 'utf8'), { uniqueKeys: true });
  const manager = all.listeners[0].filter_chains[0].filters[0].typed_config;
  const names: string[] = manager.http_filters.map(({ name }: { name: string }) => name);
  const filter = (name: string) =>
    manager.http_filters.find((one: { name: string }) => one.name === `envoy.filters.http.${name}`).typed_config;
  const routes: Route[] = manager.route_config.virtual_hosts[0].routes;
  const exact = ({ patterns }: { patterns: { exact: string }[] }) => patterns.map((pattern) => pattern.exact).sort();

  interface Route {
    match: object;
    route?: { cluster: string };
    request_headers_to_remove?: string[];
    typed_per_filter_config?: object;
  }

  test('removes identity headers, asks, and only then forwards; without an answer it does not forward', () => {
    expect(names).toEqual(['header_mutation', 'ext_authz', 'router'].map((name) => `envoy.filters.http.${name}`));
    expect(filter('ext_authz')).toMatchObject({
      failure_mode_allow: false,
      with_request_body: { max_request_bytes: bodyLimit, allow_partial_message: false },
      http_service: { path_override: '/validate' },
    });
    expect(all.listeners[0].per_connection_buffer_limit_bytes).toBeGreaterThanOrEqual(bodyLimit);
  });

  test('sets each header of the contract itself, and passes on only the client headers that the contract lists', () => {
    const { authorization_request } = filter('ext_authz').http_service;
    const added = Object.fromEntries(
      authorization_request.headers_to_add.map(({ key, value }: Record<string, string>) => [key, value]),
    );
    expect(Object.keys(added).sort()).toEqual([...set].sort());
    expect(added).toMatchObject({ 'x-original-uri': '/currenttime/mcp', 'x-original-method': 'POST' });
    const shown = exact(filter('ext_authz').allowed_headers);
    expect(shown).toEqual(
      expect.arrayContaining(asked.filter((name) => !name.startsWith('x-') && name !== 'authorization')),
    );
    for (const name of shown) expect(name).not.toMatch(/^x-/);
  });

  test('overrides the identity headers of a client with those of the answer', () => {
    const removed: string[] = filter('header_mutation').mutations.request_mutations.map(
      ({ remove }: { remove: string }) => remove,
    );
    const described = ['x-mcp-upstream', 'x-mcp-secret', 'x-mcp-account', 'x-mcp-address'];
    expect(removed).toEqual(expect.arrayContaining([...answered, ...described]));
    expect(exact(filter('ext_authz').http_service.authorization_response.allowed_upstream_headers)).toEqual(
      [...identity].sort(),
    );
  });

  test('forwards only one method and path to a server, without the credentials, and asks about each request', () => {
    const led = routes.filter(({ route }) => route !== undefined);
    expect(led).toHaveLength(1);
    expect(led[0]?.match).toEqual({
      path: '/currenttime/mcp',
      headers: [{ name: ':method', string_match: { exact: 'POST' } }],
    });
    expect(led[0]?.request_headers_to_remove).toEqual(
      expect.arrayContaining(['authorization', 'cookie', 'x-api-key', ...set]),
    );
    expect(led[0]?.typed_per_filter_config).toBeUndefined();
  });

  test('defines each cluster that it names', () => {
    const known = all.clusters.map(({ name }: { name: string }) => name).sort();
    const named = [
      filter('ext_authz').http_service.server_uri.cluster,
      ...routes.flatMap((one) => one.route?.cluster ?? []),
    ];
    expect(named.sort()).toEqual(known);
  });
});

describe('traefik.yml', () => {
  const { http } = parse(readFileSync('deploy/proxies/traefik.yml', 'utf8'), { uniqueKeys: true });
  const { middlewares, services, routers } = http;
  const lower = (headers: object) => Object.keys(headers).map((name) => name.toLowerCase());

  test('removes identity headers, sets those of the contract, asks with the body, and then removes the credentials', () => {
    expect(routers.currenttime.middlewares).toEqual(['about-currenttime', 'ask', 'without-credentials', 'own-path']);
    expect(Object.keys(middlewares).sort()).toEqual([...routers.currenttime.middlewares].sort());
    expect(Object.keys(services)).toEqual([routers.currenttime.service]);
    expect(middlewares.ask.forwardAuth).toMatchObject({ forwardBody: true, maxBodySize: bodyLimit });
    const about = middlewares['about-currenttime'].headers.customRequestHeaders;
    expect(lower(about)).toEqual(expect.arrayContaining([...set, ...answered]));
    for (const name of answered) {
      const [, value] = Object.entries(about).find(([key]) => key.toLowerCase() === name) ?? [];
      expect([name, value]).toEqual([name, '']);
    }
    expect(middlewares['without-credentials'].headers.customRequestHeaders).toEqual({ Authorization: '', Cookie: '' });
  });

  test('passes the headers of the answer on', () => {
    const handed: string[] = middlewares.ask.forwardAuth.authResponseHeaders;
    expect(handed.map((name) => name.toLowerCase()).sort()).toEqual([...identity].sort());
  });
});

test('Each file says whether a test runs it', () => {
  const first = (name: string) => readFileSync(`deploy/proxies/${name}`, 'utf8').split('\n').slice(0, 3).join(' ');
  expect(first('Caddyfile')).toContain('run by tests/e2e/caddy.test.ts');
  for (const name of ['traefik.yml', 'envoy.yaml']) expect(first(name)).toContain('NOT RUN HERE');
});
