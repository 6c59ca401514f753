import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { connect, type SecureVersion } from 'node:tls';
import { tellsTime, until, useStack, withDocker } from './stack.ts';
import { ask, callClock } from './visit.ts';

withDocker('docker compose up with https', () => {
  const stack = useStack();
  let plain = '';
  const own = '/var/lib/gateway/tls/self-signed';

  test('With TLS=self-signed an agent and a person use the gateway over https', async () => {
    plain = stack.place.url;
    const url = `https://localhost:${stack.httpsPort}`;
    stack.project.set('TLS', 'self-signed');
    stack.project.set('REGISTRY_URL', url);
    await stack.project.compose('up -d');
    let ca = '';
    await until('there is a certificate', async () => {
      ca = String(await stack.project.exec('nginx', 'cat', `${own}.crt`));
      return ca.includes('END CERTIFICATE');
    });
    stack.place = { ...stack.place, url, ca };
    await stack.up();
    await stack.login();
    const cookie = await stack.personSignsIn('dave');
    expect(cookie).toMatch(/^__Host-mcp_gateway_session=/);
    expect(tellsTime(await callClock(stack.place, { cookie }))).toBe(true);
  });

  test('A page requested by http is redirected to https, and a token sent in plain text is refused', async () => {
    const { url } = stack.place;
    expect(await ask(`${plain}/servers/`)).toMatchObject({ status: 301, headers: { location: `${url}/servers/` } });
    const { status, text } = await callClock({ ...stack.place, url: plain }, stack.bearer);
    expect({ status, text }).toMatchObject({ status: 403, text: expect.stringContaining('"https_required"') });
  });

  test('nginx does not reveal its version, and sends no HSTS with a self-signed certificate', async () => {
    for (const url of [`${stack.place.url}/login`, `${stack.place.url}/nothing`, `${plain}/servers/`]) {
      const { headers, text } = await ask(url, trust());
      expect({ url, server: headers.server, hsts: headers['strict-transport-security'] }).toEqual({
        ...{ url, server: 'nginx', hsts: undefined },
      });
      expect(text).not.toMatch(/nginx\/\d/);
    }
  });

  const modern = 'ECDHE-ECDSA-AES128-GCM-SHA256';
  test.each([
    { maxVersion: 'TLSv1.3', ciphers: 'DEFAULT', good: true },
    { maxVersion: 'TLSv1.2', ciphers: modern, good: true },
    { maxVersion: 'TLSv1.2', ciphers: 'ECDHE-ECDSA-AES128-SHA', good: false },
    { maxVersion: 'TLSv1.2', ciphers: 'AES128-GCM-SHA256', good: false },
    { maxVersion: 'TLSv1.1', ciphers: 'DEFAULT', good: false },
    { maxVersion: 'TLSv1', ciphers: 'DEFAULT', good: false },
  ] as const)('A client of $maxVersion with $ciphers is served: $good', async ({ maxVersion, ciphers, good }) => {
    const options = { ca: stack.place.ca ?? '', maxVersion, ciphers: `${ciphers}@SECLEVEL=0` };
    expect(await handshake(stack.httpsPort, options)).toBe(good);
  });

  test('No attack gets through over https', async () => {
    const file = join(stack.project.folder, 'gateway.crt');
    writeFileSync(file, stack.place.ca ?? '');
    const printed = await stack.attack({ ...process.env, NODE_EXTRA_CA_CERTS: file });
    expect(printed).toMatch(/ 0 got through/);
    expect(printed).toMatch(/ 0 refused\s*$/);
    expect(printed).not.toMatch(/skipped/);
  });

  test('With TLS=on nginx serves the certificate of TLS_DIR and sends HSTS with every answer', async () => {
    // Use another folder: the engine has created the default one, which root owns.
    const folder = join(stack.project.folder, 'certificates');
    mkdirSync(folder);
    writeFileSync(join(folder, 'fullchain.pem'), await stack.project.exec('nginx', 'cat', `${own}.crt`));
    writeFileSync(join(folder, 'privkey.pem'), await stack.project.exec('nginx', 'cat', `${own}.key`));
    stack.project.set('TLS', 'on');
    stack.project.set('TLS_DIR', './certificates');
    await stack.project.compose('up -d');
    await stack.up();
    for (const path of ['/login', '/health', '/currenttime/mcp', '/nothing', '/.well-known/jwks.json', '/api/servers'])
      await until(`HSTS at ${path}`, async () => {
        const { headers } = await ask(stack.place.url + path, trust());
        return headers['strict-transport-security'] === 'max-age=31536000';
      });
  });

  test('With TLS=on and without a key nginx does not start and says what is missing', async () => {
    stack.project.set('TLS_DIR', './docs');
    await stack.project.compose('up -d').catch(() => undefined);
    await until('nginx says why', async () =>
      String(await stack.project.compose('logs --no-color --tail=20 nginx')).includes('fullchain.pem in TLS_DIR'),
    );
  });

  const trust = () => (stack.place.ca ? { ca: stack.place.ca } : {});
});

interface Client {
  ca: string;
  maxVersion: SecureVersion;
  ciphers: string;
}

/** Whether a TLS handshake succeeds. */
function handshake(port: number, client: Client): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ ...client, port, host: 'localhost', minVersion: 'TLSv1' }, () => {
      socket.destroy();
      resolve(true);
    });
    socket.on('error', () => resolve(false));
  });
}
