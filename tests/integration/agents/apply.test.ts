import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { run } from '../../../agents/program.ts';
import { parsePolicy } from '../../../common/policy/policy-file.ts';
import { listen } from '../../support/listen.ts';
import { admin, signer, startRegistry } from '../../support/registry/registry-fixture.ts';

const policy = parsePolicy(`
group_mappings: {}
UI-Scopes:
  all: { list_service: [all], register_service: [all], modify_service: [all], toggle_service: [all] }
  reader: { list_service: [all] }
`);
const people: Record<string, object> = {
  ci: { ...admin, sub: 'sub-ci', username: 'ci', groups: [], scopes: ['all'] },
  alice: { ...admin, groups: [], scopes: ['all'] },
  reader: { ...admin, sub: 'sub-reader', username: 'reader', groups: [], scopes: ['reader'] },
};
const home = mkdtempSync(join(tmpdir(), 'apply-'));
let registry: Awaited<ReturnType<typeof startRegistry>>;
/** What the gate does for the registry: it says who asks. Here the cookie is their name. */
const gate = await listen(async (req, res) => {
  const who = /=(\w+)/.exec(req.headers.cookie ?? '')?.[1] ?? '';
  const headers = { ...req.headers, 'x-mcp-assertion': await signer.sign(people[who] ?? {}) };
  const { url, method } = req;
  const onward = request(registry.url + url, { method, headers }, (answer) => {
    res.writeHead(answer.statusCode ?? 500, answer.headers);
    answer.pipe(res);
  });
  req.pipe(onward);
});
let folder: string;
beforeEach(async () => {
  registry = await startRegistry(signer.keys, { policy: () => policy });
  folder = mkdtempSync(join(home, 'files-'));
});
afterEach(() => registry.close());
afterAll(async () => {
  await gate.close();
  rmSync(home, { recursive: true, force: true });
});

const write = (name: string, text: string) => writeFileSync(join(folder, name), text);
async function apply(who: string, ...words: string[]) {
  const cookie = join(home, `cookie-${who}`);
  writeFileSync(cookie, who, { mode: 0o600 });
  const [stdout, stderr] = [new PassThrough(), new PassThrough()];
  const context = { env: {}, folder: join(import.meta.dirname, '../../../agents'), home, stdin: new PassThrough() };
  const as = ['--gateway', `http://127.0.0.1:${gate.port}`, '--session-cookie-file', cookie];
  const all = ['apply', ...as, ...(words.includes('-f') ? [] : ['-f', folder]), ...words];
  const code = await run(all, { ...context, stdout, stderr, signal: new AbortController().signal });
  const out = String(stdout.read() ?? '');
  return { code, err: String(stderr.read() ?? ''), told: out ? JSON.parse(out) : undefined };
}
const server = (name: string, more = '') =>
  `name: ${name}\ntitle: ${name}\ndescription: A server.\nupstream: http://127.0.0.1:9000\ntransports: { streamable-http: /mcp }\n${more}`;
const byName = (name: string) => registry.store.get(name);
const names = () =>
  registry.store
    .list()
    .map(({ name }) => name)
    .sort();
const hand = ['currenttime', 'secret-plans'];

test('Servers and sets of several files are registered, with the tag of their files, and a second run changes nothing', async () => {
  write('a.yml', `- ${server('one', 'tags: [work]').replaceAll('\n', '\n  ')}\n`);
  write('b.json', JSON.stringify({ name: 'both', title: 'Both', description: 'A set.', members: [{ server: 'one' }] }));
  write('notes.txt', 'not read');
  const tried = await apply('ci', '--dry-run');
  expect(tried.code).toBe(2);
  expect(tried.err).toBe(
    `+ one: a new server at http://127.0.0.1:9000\n+ both: a new set of one\nNothing was changed. It would be: 2 new, 0 changed, 0 deleted, 0 as they are.\n`,
  );
  expect(names()).toEqual(hand);
  const done = await apply('ci');
  expect(done.code).toBe(0);
  expect(names()).toEqual(['both', ...hand.slice(0, 1), 'one', ...hand.slice(1)]);
  expect(byName('one')?.tags).toEqual(['work', 'from:git']);
  expect(byName('both')?.tags).toEqual(['from:git']);
  for (const more of [[], ['--dry-run'], ['--prune']]) {
    const again = await apply('ci', ...more);
    expect([again.code, again.told.steps, again.told.unchanged]).toEqual([0, [], 2]);
  }
});

test('A change is told setting by setting, and made', async () => {
  write('a.yml', server('one', 'tags: [old, kept]\nlicense: MIT'));
  await apply('ci');
  write('a.yml', server('one', 'tags: [kept, new]\nversion: "2"').replace('title: one', 'title: The one'));
  const { code, err } = await apply('ci', '--dry-run');
  expect(code).toBe(2);
  expect(err).toContain(
    '~ one\n    title: "one" becomes "The one"\n    tags: gets new, loses old\n    version: becomes "2"\n    license: "MIT" goes\n',
  );
  expect(byName('one')?.title).toBe('one');
  expect((await apply('ci')).code).toBe(0);
  expect(byName('one')).toMatchObject({
    title: 'The one',
    tags: ['kept', 'new', 'from:git'],
    version: '2',
    license: null,
  });
});

test('What a person has changed is set back only with a word about it', async () => {
  write('a.yml', server('one'));
  await apply('ci');
  const headers = { 'X-Mcp-Assertion': await signer.sign(people.alice ?? {}), 'Content-Type': 'application/json' };
  const body = JSON.stringify({ title: 'By hand', revision: byName('one')?.revision });
  const origin = { Origin: 'http://localhost:8080', 'Sec-Fetch-Site': 'same-origin' };
  const edited = await fetch(`${registry.url}/api/servers/one`, {
    method: 'PATCH',
    headers: { ...headers, ...origin },
    body,
  });
  expect(edited.status).toBe(200);
  const { err, told } = await apply('ci');
  expect(err).toMatch(
    /~ one\n {4}title: "By hand" becomes "one"\n {4}changed last by alice, \d{4}-\d\d-\d\d \d\d:\d\d UTC: that is lost/,
  );
  expect(told.steps[0].changed_by).toMatchObject({ by: 'alice' });
});

test('A server that a person has disabled stays so, unless the file says that it is enabled', async () => {
  write('a.yml', server('one'));
  await apply('ci');
  const off = await registry.store.get('one');
  expect(off?.enabled).toBe(true);
  write('a.yml', server('one', 'enabled: false'));
  expect((await apply('ci')).err).toContain('enabled: true becomes false');
  expect(byName('one')?.enabled).toBe(false);
  write('a.yml', server('one'));
  expect((await apply('ci')).told.unchanged).toBe(1);
  expect(byName('one')?.enabled).toBe(false);
  write('a.yml', server('one', 'enabled: true'));
  await apply('ci');
  expect(byName('one')?.enabled).toBe(true);
});

describe('--prune', () => {
  test('deletes what these files made and do not name; never what was made by hand or by other files', async () => {
    write('a.yml', server('one'));
    write('b.yml', server('two'));
    await apply('ci');
    mkdirSync(join(folder, 'other'));
    writeFileSync(join(folder, 'other', 'c.yml'), server('three'));
    await apply('ci', '-f', join(folder, 'other'), '--from', 'team-a');
    rmSync(join(folder, 'b.yml'));
    const without = await apply('ci');
    expect([without.code, without.told.unnamed]).toEqual([0, ['two']]);
    expect(without.err).toContain('No file names two any more: --prune deletes it.');
    const tried = await apply('ci', '--prune', '--dry-run');
    expect([tried.code, tried.err]).toEqual([2, expect.stringContaining('- two: no file names it')]);
    expect(names()).toEqual(['currenttime', 'one', 'secret-plans', 'three', 'two']);
    expect((await apply('ci', '--prune')).code).toBe(0);
    expect(names()).toEqual(['currenttime', 'one', 'secret-plans', 'three']);
  });

  test('is refused when the files name no server', async () => {
    write('a.yml', server('one'));
    await apply('ci');
    write('a.yml', '[]');
    const { code, err } = await apply('ci', '--prune');
    expect([code, err]).toEqual([1, expect.stringContaining('--prune would delete all that they made')]);
    expect(names()).toContain('one');
  });
});

test('A server that was made by hand or belongs to other files is left alone, unless it is adopted', async () => {
  write('a.yml', server('currenttime'));
  const { code, err } = await apply('ci');
  expect([code, err]).toEqual([
    1,
    expect.stringContaining('! currenttime: was not made by these files: --adopt takes it over'),
  ]);
  expect(byName('currenttime')?.title).toBe('Current time');
  expect((await apply('ci', '--adopt')).code).toBe(0);
  expect(byName('currenttime')).toMatchObject({ title: 'currenttime', tags: ['from:git'] });
  expect((await apply('ci', '--from', 'b')).err).toContain('belongs to other files (from:git)');
});

test('One server that is refused does not keep the others from being applied', async () => {
  write('a.yml', server('currenttime'));
  write('b.yml', server('one'));
  const { code, told } = await apply('ci');
  expect(code).toBe(1);
  expect(told.steps.map(({ name, outcome }: { name: string; outcome: string }) => [name, outcome])).toEqual([
    ['currenttime', 'refused'],
    ['one', 'done'],
  ]);
});

test('A caller who may not change a server learns so, and nothing is changed', async () => {
  write('a.yml', server('one'));
  const registered = await apply('reader');
  expect([registered.code, registered.told.steps[0].outcome]).toEqual([1, 'failed']);
  await apply('ci');
  write('a.yml', server('one').replace('title: one', 'title: Mine'));
  expect((await apply('reader')).err).toContain('! one: you may not change it: this takes modify_service');
  expect(byName('one')?.title).toBe('one');
});

test.each<[string, Record<string, string>, string[], string]>([
  ['a server that is there twice', { 'a.yml': server('one'), 'b.yml': server('one') }, [], '"one" is there twice: in '],
  [
    'a fault in a file',
    { 'a.yml': `- ${server('one', 'colour: red').replaceAll('\n', '\n  ')}` },
    [],
    'Unrecognized key: "colour"',
  ],
  [
    'a server without endpoints',
    { 'a.yml': server('one').replace(/transports.*\n/, '') },
    [],
    'transports: must name the endpoints of the server, such as {streamable-http: /mcp}',
  ],
  ['a file that is no YAML', { 'a.yml': 'name: [' }, [], 'a.yml: line 1'],
  [
    'a file in a format of import',
    { 'a.json': '{"name": "a/b", "remotes": []}' },
    [],
    'has another format: register it with',
  ],
  ['an empty file', { 'a.yml': '' }, [], 'a.yml: the file is empty'],
  ['the tag of this command', { 'a.yml': server('one', 'tags: ["from:git"]') }, [], 'take it out of the file'],
  ['a path that is not there', {}, ['-f', '/no-such-file.yml'], '/no-such-file.yml cannot be read (ENOENT)'],
  ['a file of more than a megabyte', { 'a.yml': `# ${'x'.repeat(1_100_000)}` }, [], 'has more than 1048576 bytes'],
])('Nothing is changed, and the fault is named, for %s', async (_what, files, words, fault) => {
  for (const [name, text] of Object.entries(files)) write(name, text);
  const { code, err } = await apply('ci', ...words);
  expect([code, err]).toEqual([1, expect.stringContaining(fault)]);
  expect(names()).toEqual(hand);
});

test('A name of files that could not be a tag is wrong use', async () => {
  write('a.yml', server('one'));
  expect((await apply('ci', '--from', 'Team A')).code).toBe(2);
});
