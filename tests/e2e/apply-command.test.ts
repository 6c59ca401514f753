import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { type Desk, newDesk } from '../support/agents/agents-fixture.ts';
import { type Gateway, startGateway } from '../support/gateway/gateway.ts';

let gateway: Gateway;
let desk: Desk;
beforeAll(async () => {
  gateway = await startGateway();
  desk = newDesk({
    REGISTRY_URL: gateway.url,
    COGNITO_LOCAL_ENDPOINT: `http://127.0.0.1:${gateway.ports.cognito}`,
  });
  mkdirSync(join(desk.home, 'servers'));
  await desk.logIn('alice');
}, 180_000);
afterAll(async () => {
  await gateway?.stop();
  desk?.remove();
});

const asAlice = ['--use-session-cookie'];
const write = (name: string, title: string) =>
  desk.file(
    join('servers', `${name}.yml`),
    `name: ${name}\ntitle: ${title}\ndescription: Made by files.\nupstream: ${gateway.echo.url}\ntransports: { streamable-http: /mcp }\n`,
  );
const apply = async (...words: string[]) => {
  const { code, out, err } = await desk.run(['apply', '-f', join(desk.home, 'servers'), ...words]);
  return { code, err, told: out ? JSON.parse(out) : undefined };
};

test('An agent registers what files say, and a person changes and deletes it', async () => {
  write('first', 'First');
  write('second', 'Second');
  expect((await apply('--dry-run')).code).toBe(2);
  const made = await apply();
  expect([made.code, made.err]).toEqual([0, expect.stringContaining('2 new, 0 changed, 0 deleted, 0 as they are.')]);

  write('first', 'The first');
  rmSync(join(desk.home, 'servers', 'second.yml'));
  // The agent of the demo owns what it has registered, and may change its words. To delete servers takes more.
  const tried = await apply('--prune');
  const outcomes = tried.told.steps.map(({ name, outcome }: { name: string; outcome: string }) => [name, outcome]);
  expect([tried.code, outcomes]).toEqual([
    1,
    [
      ['first', 'done'],
      ['second', 'failed'],
    ],
  ]);
  write('first', 'The very first');
  const done = await apply('--prune', ...asAlice);
  expect(done.err).toContain(
    '~ first\n    title: "The first" becomes "The very first"\n    changed last by 3agentclient000000000000000',
  );
  expect(done.err).toContain('- second: no file names it');
  expect(done.code).toBe(0);
  const again = await apply('--prune', '--dry-run', ...asAlice);
  expect([again.code, again.told]).toEqual([0, { dry_run: true, unchanged: 1, unnamed: [], steps: [] }]);
});
