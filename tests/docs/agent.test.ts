import { readFileSync, writeFileSync } from 'node:fs';
import { jest } from '@jest/globals';
import { buildProgram } from '../../agents/program.ts';
import { type Desk, newDesk } from '../support/agents/agents-fixture.ts';
import { type Booth, newBooth } from '../support/agents/captures.ts';
import { type Gateway, startGateway } from '../support/gateway/gateway.ts';

jest.setTimeout(120_000);

const file = 'docs/agent.md';
const page = readFileSync(file, 'utf8');

let gateway: Gateway;
let desk: Desk;
let booth: Booth;
beforeAll(async () => {
  // Use the bundled servers instead of the test's own.
  gateway = await startGateway({ SERVERS_FILE: '' });
  desk = newDesk({ REGISTRY_URL: gateway.url, COGNITO_LOCAL_ENDPOINT: `http://127.0.0.1:${gateway.ports.cognito}` });
  booth = newBooth(desk, gateway);
  await desk.allChecked();
  await desk.logIn('bob');
}, 180_000);
afterAll(async () => {
  desk?.remove();
  await gateway?.stop();
});

/** With UPDATE_DOCS=1 the test rewrites the page instead. */
test('Every capture in docs/agent.md is what the command prints', async () => {
  let updated = page;
  for (const [whole, block = ''] of page.matchAll(/```console\n([\s\S]*?)```/g)) {
    const parts: string[] = [];
    for (const line of block.split('\n').filter((text) => text.startsWith('$ ')))
      parts.push(`${line}\n${await booth.capture(line.slice(2))}\n`);
    updated = updated.replace(whole, () => `\`\`\`console\n${parts.join('\n')}\`\`\``);
  }
  if (process.env.UPDATE_DOCS) writeFileSync(file, updated);
  else expect(page).toBe(updated);
});

test('Every option of the command is in docs/agent.md or is one that all commands have', () => {
  const { env, stdin, stdout, stderr } = process;
  const context = { env, folder: '', home: '', stdin, stdout, stderr, signal: AbortSignal.timeout(1000) };
  const command = buildProgram(context, () => undefined).commands.find((one) => one.name() === 'agent');
  const ofAll = ['--help', '--env-file', '--gateway', '--debug'];
  const own = command?.options.map(({ long }) => String(long)).filter((long) => !ofAll.includes(long)) ?? [];
  expect(own.length).toBeGreaterThan(10);
  for (const option of own) expect(page).toContain(option);
});
