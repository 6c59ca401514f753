import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from '../../common/settings/values.ts';
import type { McpClient, Target } from '../../registry/pages/connect/client.ts';
import { mcpClients } from '../../registry/pages/connect/connect.ts';
import { loginClients } from '../interop/login/set-ups.ts';

const page = readFileSync(join(root, 'docs', 'clients.md'), 'utf8');
const target: Target = { name: 'currenttime', url: 'https://gateway.example/currenttime/mcp', transport: 'http' };

/** A client as a row of the page. JSON is on one line. */
function rowOf({ title, version = '–', documentHost, where, text, login }: McpClient): string {
  const copied = text(target);
  const line = copied.startsWith('{') ? JSON.stringify(JSON.parse(copied)) : copied;
  const registers = documentHost ? 'its document, or registration' : 'registration';
  return `| ${title} | ${version} | ${registers} | ${where} \`${line}\` ${login(target)} |`;
}

test('The documentation has the lines of the Connect tab, client by client', () => {
  const rows = mcpClients.filter(({ id }) => id !== 'others').map(rowOf);
  const [, table = ''] = page.split('|---|---|---|---|\n');
  expect(table.split('\n\n', 1)[0]?.split('\n')).toEqual(rows);
});

test('The README has the line of Claude Code, for the demo', () => {
  const readme = readFileSync(join(root, 'README.md'), 'utf8');
  const [claude] = mcpClients;
  const demo: Target = { ...target, url: 'http://localhost:8080/currenttime/mcp' };
  expect(readme).toContain(`\n${claude?.text(demo)}\n`);
});

test.each([
  ['claude-code', '@anthropic-ai/claude-code'],
  ['codex', '@openai/codex'],
  ['opencode', 'opencode-ai'],
  ['inspector', '@modelcontextprotocol/inspector --cli'],
  ['mcp-remote', 'mcp-remote'],
])('The version of %s is the one that npm run test:interop has log in by its line', (id, title) => {
  const tried = loginClients.find((each) => each.title === title);
  expect(mcpClients.find((each) => each.id === id)?.version).toBe(tried?.version);
});
