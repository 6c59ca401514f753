import { globSync, readFileSync } from 'node:fs';
import { parse } from 'yaml';
import { type SettingName, settings } from '../../common/settings/table.ts';
import { defaultPorts } from '../../launch/services.ts';

const page = readFileSync('README.md', 'utf8');
const section = (title: string) => page.split(`\n## ${title}\n`)[1]?.split('\n## ')[0] ?? '';
const tableOf = (text: string) =>
  [...text.matchAll(/^\| (?!---)(.+) \|$/gm)].map(([, row = '']) => row.split(' | ')).slice(1);

interface Person {
  username: string;
  password: string;
  groups?: string[];
}
const { users } = parse(readFileSync('stand-in/seed.yml', 'utf8')) as { users: Person[] };

test('The README lists the people of the stand-in, with their groups and their shared password', () => {
  const shown = tableOf(section('Start')).map(([name, group]) => `${name}: ${group}`);
  expect(shown.sort()).toEqual(users.map(({ username, groups }) => `${username}: ${groups?.join() ?? 'none'}`).sort());
  for (const { password } of users) expect(section('Start')).toContain(`\`${password}\` for all of them`);
});

test('The README lists the ports that npm run up listens on', () => {
  const start = section('Start').replace(/\s+/g, ' ');
  expect(start).toContain(`nginx on port ${defaultPorts.gateway}`);
  expect(start).toContain(`Amazon Cognito on port ${defaultPorts.cognito}`);
  const named = [...page.matchAll(/localhost:(\d+)/g)].map(([, port]) => Number(port));
  expect(new Set(named)).toEqual(new Set([defaultPorts.gateway]));
});

test('The README gives each setting the default of the code', () => {
  const rows = tableOf(section('Settings'));
  expect(rows.length).toBeGreaterThan(5);
  for (const [names = '', shown = ''] of rows) {
    for (const [, name = ''] of names.matchAll(/`([A-Z_]+)`/g)) {
      expect(Object.keys(settings)).toContain(name);
      const { schema, shownDefault } = settings[name as SettingName] as { schema: Parser; shownDefault?: string };
      const result = schema.safeParse(undefined);
      const value = shownDefault ?? (result.success ? String(result.data ?? '') || 'none' : 'required');
      expect([name, shown.replaceAll('`', '')]).toEqual([name, expect.stringContaining(short(value))]);
    }
  }
});

test('The README leads to every page of the docs', () => {
  const pages = [...globSync('docs/*.md'), ...globSync('docs/operations/*.md')];
  expect(pages.length).toBeGreaterThan(15);
  expect(pages.filter((file) => !page.includes(`(${file})`) && !page.includes(`(${file}#`))).toEqual([]);
});

test('The index of decisions links to every decision', () => {
  const index = readFileSync('docs/adr/README.md', 'utf8');
  const decisions = globSync('0*.md', { cwd: 'docs/adr' });
  expect(decisions.length).toBeGreaterThan(20);
  expect(decisions.filter((file) => !index.includes(`(${file})`))).toEqual([]);
});

interface Parser {
  safeParse(value: unknown): { success: boolean; data?: unknown };
}

/** Without the folder of this checkout and without markup. */
function short(value: string): string {
  return value.replace(`${process.cwd()}/`, '').replaceAll('`', '');
}
