import { parsePolicy } from '../../../../../common/policy/policy-file.ts';
import type { AnsweringServer } from '../../../../../registry/health/probe/connection-test.ts';
import { fillIn, fromServerIn } from '../../../../../registry/pages/forms/from-server.ts';
import { freeNameLike, type OwnNames, ownNames, takenFault } from '../../../../../registry/pages/forms/own-names.ts';
import { emptyValues, inputOf } from '../../../../../registry/pages/forms/server-form.ts';
import { readRegistration } from '../../../../../registry/servers/server-input.ts';
import { admin, toolOf } from '../../../../support/registry/registry-fixture.ts';

const notes: AnsweringServer = {
  name: 'notes',
  title: 'Notes',
  version: '1.8.0',
  protocolVersion: '2025-11-25',
  instructions: 'Use it for notes.\n\nNever for secrets.',
  description: 'Short notes that a team shares.',
  icons: [{ src: 'https://notes.example/icon.png', mimeType: 'image/png', sizes: ['48x48'] }],
  prompts: 0,
  resources: 0,
};
const typed = { ...emptyValues, upstream: 'https://notes.team.example/mcp' };
const tools = ['search_notes', 'get_note', 'list_tags', 'add', 'remove'].map((name) => toolOf(name));
const names = (taken: readonly string[] = [], more: Partial<OwnNames> = {}): OwnNames => ({
  isTaken: (name) => taken.includes(name),
  mayHave: (name) => /^[a-z0-9][a-z0-9_-]*$/.test(name),
  prefixes: [],
  ...more,
});
const fill = (server: Partial<AnsweringServer>, { values = typed, earlier = {}, own = names() } = {}) =>
  fillIn(values, earlier, { server: { ...notes, ...server }, tools }, own);

describe('A server fills in', () => {
  test('name, title, description, version and icons, and the form can be sent as it is', () => {
    const { values, filled, taken } = fill({});
    expect(filled).toEqual({
      name: 'notes',
      title: 'Notes',
      description: 'Short notes that a team shares.',
      version: '1.8.0',
      icons: 'https://notes.example/icon.png image/png 48x48',
    });
    expect(taken).toBeUndefined();
    expect(readRegistration(inputOf(values))).toMatchObject({ name: 'notes', version: '1.8.0', enabled: true });
  });

  test.each<[string, Partial<AnsweringServer>, string]>([
    ['its instructions, of which the first paragraph counts', { description: null }, 'Use it for notes.'],
    [
      'its tools, if it says nothing of itself',
      { description: null, instructions: null },
      'Offers search_notes, get_note, list_tags, add and 1 more tool.',
    ],
  ])('the description from %s', (_from, server, description) => {
    expect(fill(server).values.description).toBe(description);
  });

  test.each<[string, Partial<AnsweringServer>, string]>([
    ['a published name', { name: 'io.github.team/Notes-Server' }, 'notes-server'],
    ['a title as a name', { name: 'Team Notes!' }, 'team-notes'],
    ['a name of other letters, so its title counts', { name: 'заметки', title: 'Zametki' }, 'zametki'],
    ['a name that says nothing, so its title counts', { name: 'mcp-server', title: 'Notes of us' }, 'notes-of-us'],
    ['no name at all, so its host counts', { name: null, title: null }, 'notes'],
  ])('a valid name from %s', (_what, server, name) => {
    expect(fill(server).values.name).toBe(name);
  });

  test('no field that the person has typed', () => {
    const { values, filled } = fill({}, { values: { ...typed, name: 'mine', title: 'My title' } });
    expect([values.name, values.title, values.version]).toEqual(['mine', 'My title', '1.8.0']);
    expect(Object.keys(filled)).toEqual(['description', 'version', 'icons']);
  });

  test('again what an earlier test has filled in, when another address is tested', () => {
    const first = fill({});
    const other = { name: 'files', title: 'Files', version: null, icons: [] };
    const values = { ...first.values, title: 'My title', icons: first.values.icons.replaceAll('\n', '\r\n') };
    const second = fill(other, { values, earlier: first.filled });
    expect([second.values.name, second.values.title]).toEqual(['files', 'My title']);
    expect([second.values.version, second.values.icons]).toEqual(['', '']);
  });
});

test('What a hostile server says is cut and cleaned to what may be registered', () => {
  const evil = '<script>alert(1)</script>\u202e\u0000\u200b\n{{7*7}}';
  const { values } = fill({
    name: evil,
    title: `${evil}${'x'.repeat(200)}`,
    description: `${evil} ${'y'.repeat(5_000)}`,
    version: `1${evil}`,
    icons: [{ src: 'javascript:alert(1)' }, { src: 'http://10.0.0.1/x.png' }, { src: 'https://ok.example/i.png' }],
  });
  const read = readRegistration(inputOf(values));
  expect(read.name).toBe('script-alert-1-script-7-7');
  expect(read.icons).toEqual([{ src: 'https://ok.example/i.png' }]);
  for (const hidden of ['\u202e', '\u0000', '\u200b']) expect(Object.values(read).join()).not.toContain(hidden);
  expect([read.title.length <= 100, read.description.length <= 500]).toEqual([true, true]);
});

describe('A name that is taken', () => {
  test.each<[string, string, string[], Partial<OwnNames>, string | undefined]>([
    ['becomes one with the domain of the server', typed.upstream, ['notes'], {}, 'team-notes'],
    ['becomes one with what the own names begin with', typed.upstream, ['notes'], { prefixes: ['x-'] }, 'x-notes'],
    ['gets a number where there is no domain', 'http://10.0.0.5:8000/mcp', ['notes', 'notes-2'], {}, 'notes-3'],
    [
      'becomes one that the person may register',
      typed.upstream,
      [],
      { mayHave: (n) => n === 'team-notes' },
      'team-notes',
    ],
    ['has no suggestion if the person may register none', typed.upstream, [], { mayHave: () => false }, undefined],
    [
      'has no suggestion if the only one that the person may register is taken',
      typed.upstream,
      ['notes'],
      { mayHave: (name) => name === 'notes' },
      undefined,
    ],
  ])('%s', (_what, upstream, taken, more, free) => {
    expect(freeNameLike('notes', upstream, names(taken, more))).toBe(free);
  });

  test('is filled in as a free one, and the form says which was taken', () => {
    const { values, taken } = fill({}, { own: names(['notes']) });
    expect([values.name, taken]).toEqual(['team-notes', 'notes']);
  });

  test('is a fault with a suggestion', () => {
    const fault = takenFault('notes', typed.upstream, names(['notes']));
    expect(fault).toBe('There is a server "notes" already. Try team-notes.');
    expect(takenFault('other', typed.upstream, names(['notes']))).toBeUndefined();
  });
});

test('Own names follow the policy: valid, not reserved, not of the gateway itself', () => {
  const policy = parsePolicy('UI-Scopes: { team: { register_service: ["team-*", mcpgw, audit] } }');
  const person = { ...admin, authMethod: 'session_cookie' as const, scopes: ['team'] };
  const own = ownNames(policy, { get: () => undefined }, person);
  const tried = ['team-a', 'notes', 'mcpgw', 'audit', 'team-A'].map((name) => own.mayHave(name));
  expect([tried, own.prefixes]).toEqual([[true, false, false, false, false], ['team-']]);
});

test.each(['', '{', '[]', '{"upstream":"x"}', '{"name":7}', `{"name":"${'x'.repeat(5_000)}"}`])(
  'What the form carries counts as nothing if it is %p',
  (text) => {
    expect(fromServerIn(new URLSearchParams({ filled: text }))).toEqual({});
  },
);
