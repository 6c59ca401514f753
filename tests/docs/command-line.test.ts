import { readFileSync, writeFileSync } from 'node:fs';
import { jest } from '@jest/globals';
import { exitCodeMeanings } from '../../agents/lib/failure.ts';
import { type Desk, newDesk } from '../support/agents/agents-fixture.ts';
import { type Booth, newBooth } from '../support/agents/captures.ts';
import { type Gateway, startGateway } from '../support/gateway/gateway.ts';

jest.setTimeout(120_000);

const file = 'docs/command-line.md';
const page = readFileSync(file, 'utf8');
const fence = /```console([^\n]*)\n([\s\S]*?)```/g;

let gateway: Gateway;
let desk: Desk;
let booth: Booth;
beforeAll(async () => {
  // Use the bundled servers instead of the test's own.
  gateway = await startGateway({ SERVERS_FILE: '' });
  desk = newDesk({});
  desk.file(
    'new.env',
    'COGNITO_USER_POOL_ID=us-east-1_ABC123DEF\nCOGNITO_CLIENT_ID=your_actual_cognito_client_id_here\n',
  );
  const entry = { name: 'io.github.example/weather', description: 'Says the weather', version: '2.0.1' };
  const remotes = [{ type: 'streamable-http', url: 'http://127.0.0.1:9000/mcp' }];
  desk.file('server.json', JSON.stringify({ ...entry, remotes }));
  const packages = [{ registryType: 'npm', identifier: 'notes', version: '1.0.0', transport: { type: 'stdio' } }];
  desk.file('packaged.json', JSON.stringify({ ...entry, name: 'io.github.example/notes', packages }));
  const wiki = { name: 'wiki', title: 'Wiki', description: 'Our wiki.', upstream: 'https://wiki.example.com' };
  const daily = { name: 'daily', title: 'Daily', description: 'What one needs each day.' };
  const members = [{ server: 'wiki', tools: ['search'] }, { server: 'currenttime' }];
  const team = [
    { ...wiki, transports: { 'streamable-http': '/mcp' } },
    { ...daily, members },
  ];
  desk.file('team.yml', JSON.stringify(team));
  booth = newBooth(desk, gateway);
  await desk.allChecked({
    REGISTRY_URL: gateway.url,
    COGNITO_LOCAL_ENDPOINT: `http://127.0.0.1:${gateway.ports.cognito}`,
  });
}, 180_000);
afterAll(async () => {
  desk?.remove();
  await gateway?.stop();
});

/** The block with fresh output: each of its command lines, followed by what the terminal shows. */
async function captured(info: string, block: string): Promise<string> {
  const [, person] = info.trim().split(' ');
  const parts: string[] = [];
  for (const line of block.split('\n').filter((text) => text.startsWith('$ ')))
    parts.push(`${line}\n${await booth.capture(line.slice(2), person)}\n`);
  return `\`\`\`console${info}\n${parts.join('\n')}\`\`\``;
}

/** With UPDATE_DOCS=1 the test rewrites the page instead. */
test('Every capture in docs/command-line.md is what the commands print', async () => {
  let updated = page;
  for (const [whole, info = '', block = ''] of page.matchAll(fence))
    updated = updated.replace(whole, await captured(info, block).then((text) => text.replaceAll('$', '$$$$')));
  if (process.env.UPDATE_DOCS) writeFileSync(file, updated);
  else expect(page).toBe(updated);
});

test('The table of exit codes is the one that the commands use', () => {
  for (const [code, meaning] of exitCodeMeanings) expect(page).toContain(`| ${code} | ${meaning} |`);
});
