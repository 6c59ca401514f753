import { readFileSync } from 'node:fs';
import { parse } from 'yaml';
import { parseSecrets } from '../../common/upstream-secrets/secrets-file.ts';
import { coversServer } from '../../common/upstream-secrets/server-address.ts';
import { addressOf } from '../../registry/servers/server.ts';
import { parseServers } from '../../registry/store/servers-file.ts';

const page = readFileSync('docs/accounts.md', 'utf8');
/** The YAML of the page, with the heading above it; without the indentation of a list. */
const blocks = [...page.matchAll(/^( *)```yaml\n([\s\S]*?)^ *```$/gm)].map(([, indent = '', text = ''], index) => {
  const before = page.slice(0, [...page.matchAll(/^( *)```yaml\n/gm)][index]?.index);
  return { under: before.match(/^#+ .*$/gm)?.at(-1) ?? '', text: text.replaceAll(new RegExp(`^${indent}`, 'gm'), '') };
});
const isServers = (text: string) => Array.isArray(parse(text));
const entries = blocks.filter(({ text }) => !isServers(text));

test('The page has an example of each provider', () => {
  const under = new Set(blocks.map((block) => block.under));
  for (const name of ['Notion', 'Sentry', 'GitHub', 'Atlassian', 'Slack', 'Google'])
    expect(under).toContain(`### ${name}`);
});

test.each(entries)('The entry under $under can be read, and covers an address', ({ text }) => {
  const read = parseSecrets(text);
  expect(read.accounts.length + read.secrets.length).toBe(1);
  for (const { for: prefixes } of read.accounts) expect(coversServer(prefixes, `${prefixes[0]} -`)).toBe(true);
});

test.each(blocks.filter(({ text }) => isServers(text)))(
  'The server under $under can be read, and an entry covers it',
  ({ text }) => {
    const all = entries.flatMap((each) => parseSecrets(each.text).accounts);
    for (const server of parseServers(text)) {
      const account = server.auth && 'account' in server.auth ? server.auth.account : '';
      expect(all.some((entry) => entry.name === account && coversServer(entry.for, addressOf(server)))).toBe(true);
    }
  },
);
