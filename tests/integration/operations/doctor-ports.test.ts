import type { Server } from 'node:net';
import { createServer } from 'node:net';
import { portVariables } from '../../../launch/services.ts';
import { checkPorts } from '../../../operations/doctor/checks/ports.ts';
import { freePorts } from '../../support/gateway/gateway.ts';

const variables = Object.values(portVariables).filter((name) => name.endsWith('_PORT'));
const servers: Server[] = [];
afterEach(() => {
  for (const server of servers.splice(0)) server.close();
});

/** What the doctor finds beside a running gateway while these services listen on this machine. */
async function found(listening: readonly string[]) {
  const ports = await freePorts(variables.length);
  const settings = Object.fromEntries(variables.map((name, i) => [name, String(ports[i])]));
  for (const name of listening)
    await new Promise<void>((done) => {
      servers.push(createServer().listen(Number(settings[name]), '127.0.0.1', done));
    });
  const env = { ...settings, COGNITO_USER_POOL_ID: 'us-east-1_LocalPool' };
  return (await checkPorts({ env } as unknown as Parameters<typeof checkPorts>[0], 'up')).map(({ state }) => state);
}

test.each<[string, string[], string]>([
  ['all services listen', variables, 'ok'],
  ['one service does not', variables.filter((name) => name !== 'RELAY_PORT'), 'warn'],
  ['only the stand-in is published, as by containers', ['COGNITO_PORT'], 'ok'],
  ['no service listens on this machine', [], 'ok'],
])('Beside a running gateway, where %s', async (_where, listening, state) => {
  expect(await found(listening)).toEqual([state]);
});
