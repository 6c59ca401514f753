import { join } from 'node:path';
import { loginScopes } from '../../operations/doctor/checks/login.ts';
import { examine } from '../../operations/doctor/examine.ts';
import { readSetup } from '../../operations/doctor/setup.ts';
import { portsAsSettings } from '../support/gateway/gateway.ts';
import { sharedGateway } from '../support/gateway/shared-gateway.ts';

const gateway = await sharedGateway();

/** The settings of a person who runs the doctor for that gateway. */
function settings(): NodeJS.ProcessEnv {
  const { ports, dataDir } = gateway;
  return {
    UP_DATA_DIR: dataDir,
    COGNITO_LOCAL_ENDPOINT: `http://127.0.0.1:${ports.cognito}`,
    ...portsAsSettings(ports),
  };
}

test('The doctor finds nothing wrong with the demo while it runs', async () => {
  const { setup, file } = readSetup(join(import.meta.dirname, '..', '..'), settings(), []);
  const findings = await examine(setup, file, () => undefined);
  expect(findings.filter(({ state }) => state !== 'ok')).toEqual([]);
  expect(findings.map(({ check }) => check)).toEqual(expect.arrayContaining(['gateway', 'gate', 'callback', 'ports']));
});

test.each([
  ['3agentclient000000000000000', 'http://localhost:9090/callback'],
  ['unknown0000000000000000000', 'the pool does not know the app client unknown0000000000000000000'],
])('The doctor finds that %s is no app client of the command line', async (clientId, says) => {
  const env = { ...settings(), COGNITO_CLI_CLIENT_ID: clientId };
  const { setup, file } = readSetup(join(import.meta.dirname, '..', '..'), env, []);
  const found = (await examine(setup, file, () => undefined)).find(({ check }) => check === 'command line');
  expect(found).toMatchObject({ state: 'FAIL', seen: expect.stringContaining(says) });
});

test('The doctor checks the login with the scopes and the callback that the login sends', async () => {
  const start = await fetch(`${gateway.url}/oauth2/login/cognito`, { redirect: 'manual' });
  const sent = new URL(start.headers.get('location') ?? '').searchParams;
  expect(sent.get('scope')).toBe(loginScopes.join(' '));
  expect(sent.get('redirect_uri')).toBe(`${gateway.url}/oauth2/callback/cognito`);
});
