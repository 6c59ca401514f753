import { readFileSync, writeFileSync } from 'node:fs';
import { jest } from '@jest/globals';
import { type Desk, type Ended, newDesk } from '../../support/agents/agents-fixture.ts';
import { type Gateway, startGateway } from '../../support/gateway/gateway.ts';
import { AGENT, READER, secretOf } from '../../support/stand-in/cognito-fixture.ts';

jest.setTimeout(180_000);

let gateway: Gateway;
let way: { REGISTRY_URL: string; COGNITO_LOCAL_ENDPOINT: string };
let desk: Desk;
/** A setup that does not allow the demo's agent. */
beforeAll(async () => {
  gateway = await startGateway({ COGNITO_ALLOWED_CLIENT_IDS: READER });
  way = { REGISTRY_URL: gateway.url, COGNITO_LOCAL_ENDPOINT: `http://127.0.0.1:${gateway.ports.cognito}` };
}, 180_000);
afterAll(() => gateway?.stop());
beforeEach(() => {
  desk = newDesk(way);
});
afterEach(() => desk.remove());

const userFile = (more: string) => desk.file('env.user', `AWS_REGION=us-east-1\n${more}\n`);
const reader = { COGNITO_CLIENT_ID: READER, COGNITO_CLIENT_SECRET: secretOf(READER) };
const tokyo = ['call', 'currenttime', 'current_time_by_timezone', 'tz_name=Asia/Tokyo'];

interface Trouble {
  /** The name in the setup guide. */
  entry: string;
  when: string;
  provoke: () => Promise<Ended>;
  code: number;
  /** The text quoted in docs/cognito.md. */
  says: string;
  /** The solution, or a detail that helps to find it. */
  hint: string;
}

const troubles: Trouble[] = [
  {
    entry: 'Secret key mismatch',
    when: "SECRET_KEY in .env.user differs from the gateway's",
    provoke: () => desk.logIn('bob', ['--env-file', userFile(`SECRET_KEY=${'ab'.repeat(32)}`)]),
    code: 0,
    says: 'is not used: a login does not need it',
    hint: 'Remove it',
  },
  {
    entry: 'Secret key mismatch',
    when: 'SECRET_KEY in .env.user is still the example',
    provoke: () => desk.logIn('bob', ['--env-file', userFile('SECRET_KEY=your-secret-key-here')]),
    code: 0,
    says: "is still the template's example value",
    hint: 'SECRET_KEY in',
  },
  {
    entry: 'Session cookie has expired',
    when: 'the session is older than eight hours',
    async provoke() {
      await desk.logIn('bob');
      const about = JSON.parse(readFileSync(`${desk.cookieFile}.json`, 'utf8'));
      writeFileSync(
        `${desk.cookieFile}.json`,
        JSON.stringify({ ...about, expires_at: about.expires_at - 8 * 3600 - 60 }),
      );
      return desk.run(['servers', '--use-session-cookie']);
    },
    code: 3,
    says: 'has expired',
    hint: 'Log in: mcp-gateway login',
  },
  {
    entry: 'Access denied for server/tool',
    when: 'the person’s groups do not allow it',
    async provoke() {
      await desk.logIn('bob');
      return desk.run([...tokyo, '--use-session-cookie']);
    },
    code: 4,
    says: 'Not allowed: ',
    hint: 'Any of the groups mcp-registry-operator, mcp-registry-developer, mcp-registry-admin would allow it.',
  },
  {
    entry: 'Scope configuration',
    when: 'the person is in no group that scopes.yml maps',
    async provoke() {
      await desk.logIn('erin');
      return desk.run([...tokyo, '--use-session-cookie']);
    },
    code: 4,
    says: 'You hold ',
    hint: 'You hold no scope.',
  },
  {
    entry: 'Scope configuration',
    when: 'the agent’s app client lacks the custom scope',
    provoke: () => desk.run(tokyo, reader),
    code: 4,
    says: 'would allow it.',
    hint: 'The scope mcp-servers-restricted/execute would allow it. The administrator of this agent',
  },
  {
    entry: 'JWT token validation failed',
    when: 'the agent’s app client is not allowed at the gateway',
    provoke: () => desk.run(tokyo),
    code: 3,
    says: 'its app client is not allowed here',
    hint: `The token is one of app client ${AGENT}`,
  },
  {
    entry: 'JWT token validation failed',
    when: 'client ID or secret is wrong',
    provoke: () => desk.run(tokyo, { ...reader, COGNITO_CLIENT_SECRET: 'not-it' }),
    code: 3,
    says: 'Cognito refused the app client (invalid_client)',
    hint: 'compare COGNITO_CLIENT_ID and COGNITO_CLIENT_SECRET',
  },
  {
    entry: 'JWT token validation failed',
    when: 'the user pool ID has the wrong form',
    provoke: () => desk.run(tokyo, { ...reader, COGNITO_USER_POOL_ID: 'LocalPool' }),
    code: 2,
    says: 'must look like us-east-1_ABC123DEF',
    hint: 'COGNITO_USER_POOL_ID',
  },
  {
    entry: 'JWT token validation failed',
    when: 'AWS_REGION is not that of the user pool',
    provoke: () =>
      desk.run(
        [
          'token',
          '--env-file',
          desk.file('env.agent', 'AWS_REGION=eu-west-1\nCOGNITO_USER_POOL_ID=us-east-1_LocalPool'),
        ],
        reader,
      ),
    code: 0,
    says: 'but the user pool is in',
    hint: 'AWS_REGION in',
  },
  {
    entry: 'JWT token validation failed',
    when: 'the agent asks for a scope that it lacks',
    provoke: () => desk.run(['token'], { ...reader, COGNITO_SCOPE: 'mcp-servers-unrestricted/execute' }),
    code: 3,
    says: 'The app client lacks these scopes',
    hint: 'Custom scopes',
  },
  {
    entry: 'Registry URL',
    when: 'REGISTRY_URL is the registry itself (http://localhost:7860), as in the guide',
    provoke: () => desk.run(['login'], { REGISTRY_URL: `http://localhost:${gateway.ports.registry}` }),
    code: 2,
    says: 'is the registry itself, behind the gateway',
    hint: 'Set REGISTRY_URL=http://localhost:',
  },
];

test.each(troubles)('$entry: when $when, the message says what to do', async ({ provoke, code, says, hint }) => {
  const ended = await provoke();
  expect(ended.code).toBe(code);
  expect(ended.err).toContain(says);
  expect(ended.err).toContain(hint);
});

test('docs/cognito.md explains each of these messages under its name in the guide', () => {
  const page = readFileSync('docs/cognito.md', 'utf8');
  const rows = page
    .slice(page.indexOf('### mcp-gateway says'))
    .split('\n')
    .filter((line) => line.startsWith('| "'));
  const explained = (trouble: Trouble) =>
    rows.some((row) => row.includes(`"${trouble.says}"`) && row.includes(trouble.entry));
  expect(troubles.filter((trouble) => !explained(trouble)).map(({ says }) => says)).toEqual([]);
});
