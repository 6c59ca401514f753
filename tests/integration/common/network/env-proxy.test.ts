import { hasHttpsProxy, useEnvProxy } from '../../../../common/network/env-proxy.ts';
import { createPinnedFetch } from '../../../../common/network/pinned-fetch.ts';
import { listen } from '../../../support/listen.ts';
import { startProxy } from '../../../support/proxy.ts';

const origin = await listen((_req, res) => void res.end('hello'));
const { port } = origin;
const proxy = await startProxy(port);
afterAll(async () => {
  await proxy.close();
  await origin.close();
});

/** What the proxy was asked for while these addresses were fetched. */
async function asked(env: NodeJS.ProcessEnv, ...urls: string[]): Promise<string[]> {
  const undo = useEnvProxy(env);
  proxy.asked.length = 0;
  try {
    for (const url of urls) await fetch(url).catch(() => undefined);
  } finally {
    undo();
  }
  return [...proxy.asked];
}

const hostless = proxy.url.replace('http://', '');

test.each([
  ['HTTP_PROXY', proxy.url],
  ['http_proxy', proxy.url],
  ['HTTP_PROXY', ` ${hostless} `],
])('A request to outside goes through the proxy that %s names (%j)', async (name, value) => {
  expect(await asked({ [name]: value }, 'http://embeddings.example/v1')).toEqual([
    expect.stringMatching(/^embeddings.example/),
  ]);
});

test('This machine, the services of the gateway and the hosts of NO_PROXY are asked directly', async () => {
  const env = {
    HTTP_PROXY: proxy.url,
    NO_PROXY: 'direct.invalid,.corp.invalid',
    REGISTRY_INTERNAL_URL: 'http://registry.invalid:7860',
    COGNITO_LOCAL_ENDPOINT: ' http://cognito.invalid:9500 ',
  };
  const direct = [
    'localhost',
    '127.0.0.1',
    '[::1]',
    'direct.invalid',
    'ollama.corp.invalid',
    'registry.invalid',
    'cognito.invalid',
  ];
  expect(await asked(env, ...direct.map((host) => `http://${host}:${port}/`))).toEqual([]);
  expect(await asked({ ...env, NO_PROXY: '*' }, 'http://other.invalid/')).toEqual([]);
});

test('MCP servers are asked directly: only there does the connection go to the address that was vetted', async () => {
  const undo = useEnvProxy({ HTTP_PROXY: proxy.url });
  proxy.asked.length = 0;
  const server = `http://server.example:${port}`;
  const signal = AbortSignal.timeout(60_000);
  const pinned = createPinnedFetch({ origin: server, addresses: [`127.0.0.1:${port}`], maxBytes: 1_000, signal });
  const answer = await pinned(server);
  undo();
  expect(await answer.text()).toBe('hello');
  expect(proxy.asked).toEqual([]);
});

test('Without a proxy, or with one that cannot be read, nothing changes', async () => {
  for (const env of [{}, { HTTPS_PROXY: 'socks5://127.0.0.1:1' }, { HTTP_PROXY: ' ' }])
    expect(await asked(env, `http://127.0.0.1:${port}/`)).toEqual([]);
});

test.each([
  [{ HTTPS_PROXY: proxy.url }, true],
  [{ https_proxy: hostless }, true],
  [{ HTTPS_PROXY: proxy.url, NO_PROXY: 'direct.invalid' }, true],
  [{ HTTPS_PROXY: proxy.url, no_proxy: '*' }, false],
  [{ HTTPS_PROXY: 'socks5://127.0.0.1:1' }, false],
  [{ HTTP_PROXY: proxy.url }, false],
  [{}, false],
])('Whether https goes through a proxy with %j: %s', (env, expected) => {
  expect(hasHttpsProxy(env)).toBe(expected);
});
