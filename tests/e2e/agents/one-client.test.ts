import { newDesk } from '../../support/agents/agents-fixture.ts';
import { startGateway } from '../../support/gateway/gateway.ts';
import { secretOf, WEB } from '../../support/stand-in/cognito-fixture.ts';

test('Logging in with the app client of the web names COGNITO_CLI_CLIENT_ID, which is another one', async () => {
  const { url, ports, stop } = await startGateway();
  const desk = newDesk({ REGISTRY_URL: url, COGNITO_LOCAL_ENDPOINT: `http://127.0.0.1:${ports.cognito}` });
  const file = desk.file(
    'env',
    `COGNITO_CLIENT_ID=${WEB}\nCOGNITO_CLIENT_SECRET=${secretOf(WEB)}\nCOGNITO_USER_POOL_ID=us-east-1_LocalPool\n`,
  );
  try {
    const { code, err } = await desk.logIn('carol', ['--env-file', file]);
    expect(code).toBe(3);
    expect(err.replace(/\s+/g, ' ')).toContain('the app client that its COGNITO_CLI_CLIENT_ID names');
    expect(err).toContain(WEB);
  } finally {
    desk.remove();
    await stop();
  }
}, 180_000);

test('A setup with one confidential app client for both, as in the guide, supports the login too', async () => {
  const { url, ports, stop } = await startGateway({ COGNITO_CLI_CLIENT_ID: WEB });
  const desk = newDesk({ REGISTRY_URL: url, COGNITO_LOCAL_ENDPOINT: `http://127.0.0.1:${ports.cognito}` });
  const settings = {
    COGNITO_CLIENT_ID: WEB,
    COGNITO_CLIENT_SECRET: secretOf(WEB),
    COGNITO_USER_POOL_ID: 'us-east-1_LocalPool',
  };
  const file = desk.file(
    'env',
    Object.entries(settings)
      .map((pair) => pair.join('='))
      .join('\n'),
  );
  try {
    expect(await desk.logIn('carol', ['--env-file', file])).toMatchObject({ code: 0 });
    expect(JSON.parse((await desk.run(['whoami', '--env-file', file])).out)).toMatchObject({ username: 'carol' });
  } finally {
    desk.remove();
    await stop();
  }
}, 180_000);
