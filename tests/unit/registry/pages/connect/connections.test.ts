import type { Endpoint } from '../../../../../registry/access/catalogue.ts';
import { connectionsTo } from '../../../../../registry/pages/connect/connect.ts';
import { wordsOf } from '../../../../../registry/pages/connect/words.ts';

const at = (transport: Endpoint['transport'], origin = 'https://gateway.example') => {
  const path = transport === 'sse' ? 'sse' : 'mcp';
  return { name: 'team_notes-2', endpoints: [{ transport, url: `${origin}/team_notes-2/${path}` }] };
};
const any = { allowed: 'any', hosts: [] } as const;
const find = (id: string, server = at('streamable-http')) => connectionsTo(server, any).find((each) => each.id === id);

test('No line for a person has a token, a header, or anything else to fill in', () => {
  const people = connectionsTo(at('streamable-http'), any).filter(({ isAgent }) => !isAgent);
  expect(people.length).toBeGreaterThan(12);
  for (const { text } of people) {
    expect(text).toContain('https://gateway.example/team_notes-2/mcp');
    expect(text).not.toMatch(/[<>]|token|header|Bearer|YOUR/i);
  }
});

test.each(['claude-code', 'codex', 'gemini-cli', 'copilot-cli', 'opencode', 'qwen-code', 'inspector'])(
  '%s needs one line of a terminal, which no shell reads in another way',
  (id) => expect(find(id)?.text).toMatch(/^[\w@/.:-]+( (&& )?[\w@/.:-]+)+$/),
);

test.each(['cursor', 'vs-code', 'zed', 'mcp-remote'])('%s is given a file of JSON with the address', (id) => {
  const [servers] = Object.values(JSON.parse(find(id)?.text ?? '') as Record<string, Record<string, object>>);
  expect(Object.keys(servers ?? {})).toEqual(['team_notes-2']);
});

test('The link for Cursor holds the name and the configuration, escaped', () => {
  const link = new URL(find('cursor')?.link ?? '');
  expect(`${link.protocol}//${link.host}${link.pathname}`).toBe('cursor://anysphere.cursor-deeplink/mcp/install');
  expect([...link.searchParams.keys()]).toEqual(['name', 'config']);
  expect(link.searchParams.get('name')).toBe('team_notes-2');
  const config = Buffer.from(link.searchParams.get('config') ?? '', 'base64').toString();
  expect(JSON.parse(config)).toEqual({ url: 'https://gateway.example/team_notes-2/mcp' });
  expect(link.search).not.toMatch(/[+/ ]|=$/);
});

test('The link for VS Code holds the name, the kind and the address, escaped', () => {
  const [scheme, query = ''] = (find('vs-code')?.link ?? '').split('?');
  expect(scheme).toBe('vscode:mcp/install');
  expect(query).toMatch(/^[\w.%-]+$/);
  expect(JSON.parse(decodeURIComponent(query))).toEqual({
    name: 'team_notes-2',
    type: 'http',
    url: 'https://gateway.example/team_notes-2/mcp',
  });
});

test('A server that only speaks SSE is shown to clients that do, with its kind', () => {
  const shown = connectionsTo(at('sse'), any);
  expect(shown.map(({ id }) => id)).not.toContain('codex');
  for (const { id, text } of shown) {
    expect([id, text]).toEqual([id, expect.stringContaining('/team_notes-2/sse')]);
    expect([id, text]).toEqual([id, expect.not.stringMatching(/http"|transport http/)]);
  }
});

test('mcp-remote gets its option for an address without https on another computer, and only there', () => {
  const argsAt = (origin: string) => find('mcp-remote', at('streamable-http', origin))?.text.includes('--allow-http');
  expect(['http://10.0.0.5:8080', 'http://localhost:8080', 'https://gateway.example'].map(argsAt)).toEqual([
    true,
    false,
    false,
  ]);
});

test('With OAUTH_CLIENTS=known, only clients that a host of OAUTH_CLIENT_HOSTS describes are shown, and agents', () => {
  const shown = connectionsTo(at('streamable-http'), { allowed: 'known', hosts: ['claude.ai', 'vscode.dev'] });
  expect(shown.map(({ id }) => id)).toEqual(['claude-code', 'vs-code', 'claude-ai', 'agent']);
});

test('With OAUTH_CLIENTS=off, only what agents do is shown, and no token endpoint of the gateway', () => {
  const shown = connectionsTo(at('streamable-http'), { allowed: 'off', hosts: ['claude.ai'] });
  expect(shown.map(({ id }) => id)).toEqual(['agent']);
  expect(shown[0]?.login.map(({ text }) => text).join('')).toContain('asks Amazon Cognito for a token');
});

test('A server without an address has nothing to copy', () => {
  expect(connectionsTo({ name: 'x', endpoints: [] }, any)).toEqual([]);
});

test('A sentence is parted into code, bold words and the rest, and loses nothing', () => {
  expect(wordsOf('Type `/mcp`, then **Allow**.')).toEqual([
    { kind: 'plain', text: 'Type ' },
    { kind: 'code', text: '/mcp' },
    { kind: 'plain', text: ', then ' },
    { kind: 'bold', text: 'Allow' },
    { kind: 'plain', text: '.' },
  ]);
});
