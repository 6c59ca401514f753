import { newDesk } from '../../support/agents/agents-fixture.ts';
import { startGateway } from '../../support/gateway/gateway.ts';
import { secretOf, WEB } from '../../support/stand-in/cognito-fixture.ts';

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
