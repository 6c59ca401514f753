import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import type { RequestListener } from 'node:http';
import { createServer } from 'node:https';
import { createCognito } from '../../../../stand-in/app.ts';
import {
  keys,
  publicUrl,
  secretKey,
  seed,
  temporaryDirectory,
  WEB,
  webSecret,
} from '../../../support/auth-server/auth-fixture.ts';
import { newVisitor } from '../../../support/auth-server/visitor.ts';
import { listen, until } from '../../../support/listen.ts';
import { bareEnvironment } from '../../../support/process.ts';
import { startProxy } from '../../../support/proxy.ts';

const pool = 'eu-central-1_RealPool1';
const region = 'cognito-idp.eu-central-1.amazonaws.com';
const domain = 'login.example.com';
const { directory, remove } = temporaryDirectory();

/** A user pool that only the proxy reaches, under the names and with the TLS of Amazon. */
async function startPool() {
  const real = { ...seed, region: 'eu-central-1', pool_id: pool };
  const { app } = createCognito({ seed: real, keys, publicUrl: `https://${domain}` });
  const tls = {
    key: readFileSync('tests/support/upstream-key.pem'),
    cert: readFileSync('tests/support/upstream-cert.pem'),
  };
  // The stand-in answers under its own host name only.
  const server = createServer(tls, (req, res) => {
    req.headers.host = domain;
    (app as RequestListener)(req, res);
  });
  return await listen(server);
}

test('Keys, discovery and tokens of the user pool come through HTTPS_PROXY, while loopback does not use it', async () => {
  const cognito = await startPool();
  const proxy = await startProxy(cognito.port);
  const [free, metrics] = [await listen(() => undefined), await listen(() => undefined)];
  await Promise.all([free.close(), metrics.close()]);
  const url = `http://127.0.0.1:${free.port}`;
  const env = {
    ...bareEnvironment(),
    SECRET_KEY: secretKey.repeat(2),
    REGISTRY_URL: publicUrl,
    COGNITO_USER_POOL_ID: pool,
    COGNITO_CLIENT_ID: WEB,
    COGNITO_CLIENT_SECRET: webSecret,
    COGNITO_DOMAIN: domain,
    AUTH_SERVER_PORT: String(free.port),
    AUTH_SERVER_WORKERS: '1',
    METRICS_PORT: String(metrics.port),
    DATA_DIR: directory,
    HTTPS_PROXY: proxy.url,
    // The certificate is for another name.
    NODE_TLS_REJECT_UNAUTHORIZED: '0',
  };
  const child = spawn(process.execPath, ['auth-server/main.ts'], { env, stdio: ['ignore', 'pipe', 'ignore'] });
  let log = '';
  child.stdout.on('data', (bytes) => {
    log += bytes;
  });
  const ended = once(child, 'exit');
  try {
    await until(() => log.includes(`"port":${free.port}`), 60_000);
    await until(() => proxy.asked.includes(`${region}:443`), 60_000);
    // aws-jwt-verify fetches the keys by node:https.
    expect(proxy.asked).toContain(`${region}:443`);
    const person = newVisitor(url);
    const authorize = await person.start('/servers');
    expect(authorize.hostname).toBe(domain);
    // openid-client asks for the tokens by fetch. The code is invented, which only the pool can know.
    const state = authorize.searchParams.get('state');
    const answer = await person.get(`/oauth2/callback/cognito?code=invented&state=${state}`);
    expect(await answer.text()).toContain('The login code was used already or is too old');
    expect(proxy.asked).toContain(`${domain}:443`);
    expect(proxy.asked.filter((host) => !host.endsWith('.amazonaws.com:443') && host !== `${domain}:443`)).toEqual([]);
  } finally {
    child.kill();
    await ended;
    await proxy.close();
    await cognito.close();
    remove();
  }
});
