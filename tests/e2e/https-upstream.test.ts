import { readFileSync } from 'node:fs';
import { createServer, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import type { TLSSocket } from 'node:tls';
import { type Gateway, startGateway } from '../support/gateway/gateway.ts';
import { rpc, send } from '../support/gateway/send.ts';

const fixtures = join(import.meta.dirname, '../support');
const certificate = join(fixtures, 'upstream-cert.pem');
let upstream: Server;
let seen: { host: string | undefined; serverName: string | false | null | undefined }[];
let gateway: Gateway | undefined;

beforeEach(async () => {
  seen = [];
  const tls = { cert: readFileSync(certificate), key: readFileSync(join(fixtures, 'upstream-key.pem')) };
  upstream = createServer(tls, (req, res) => {
    if (req.headers['x-user']) seen.push({ host: req.headers.host, serverName: (req.socket as TLSSocket).servername });
    res.writeHead(200, { 'content-type': 'application/json' }).end('{"jsonrpc":"2.0","id":1,"result":{}}');
  });
  await new Promise<void>((resolve) => upstream.listen(0, '127.0.0.1', resolve));
});
afterEach(async () => {
  await gateway?.stop();
  upstream.closeAllConnections();
  upstream.close();
});

async function callSecure(settings: NodeJS.ProcessEnv, more: { host_header?: string } = {}): Promise<number[]> {
  const { port } = upstream.address() as AddressInfo;
  const transports = { 'streamable-http': '/mcp' };
  const server = {
    name: 'secure',
    title: 'Secure',
    description: 'x',
    upstream: `https://localhost:${port}`,
    transports,
    tags: [],
    ...more,
  };
  gateway = await startGateway(settings, [server]);
  const authorization = `Bearer ${await gateway.agentToken()}`;
  const headers = { authorization, 'content-type': 'application/json', accept: 'application/json, text/event-stream' };
  const ask = async (body: string) =>
    (await send(Number(gateway?.ports.gateway), { path: '/secure/mcp', headers, body })).status;
  // nginx asks the server directly, and through the relay.
  return [await ask(rpc('tools/call', { name: 'look' })), await ask(rpc('initialize', {}))];
}

test('An https upstream with a trusted certificate is called under its own name, in Host and in TLS', async () => {
  expect(await callSecure({ UPSTREAM_CA_FILE: certificate })).toEqual([200, 200]);
  const { port } = upstream.address() as AddressInfo;
  expect(seen).toEqual(Array(2).fill({ host: `localhost:${port}`, serverName: 'localhost' }));
}, 180_000);

test('With a Host of its own, the certificate and the name in TLS are still those of its address', async () => {
  expect(await callSecure({ UPSTREAM_CA_FILE: certificate }, { host_header: 'other.example' })).toEqual([200, 200]);
  expect(seen).toEqual(Array(2).fill({ host: 'other.example', serverName: 'localhost' }));
}, 180_000);

test('An https upstream with an untrusted certificate gets no request', async () => {
  expect(await callSecure({ UPSTREAM_CA_FILE: '' })).toEqual([502, 502]);
  expect(seen).toEqual([]);
}, 180_000);
