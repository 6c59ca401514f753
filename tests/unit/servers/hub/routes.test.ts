import type { PictureMember } from '../../../../servers/hub/offer/picture.ts';
import { createRoutes } from '../../../../servers/hub/offer/routes.ts';
import { fitsTemplate } from '../../../../servers/hub/offer/uri-templates.ts';

const of = (key: string, ...values: string[]) => values.map((value) => JSON.stringify({ [key]: value }));
const member = (server: string, more: Partial<PictureMember> = {}): PictureMember => ({
  server,
  era: 'old',
  tools: [],
  prompts: [],
  resources: [],
  templates: [],
  ...more,
});

const members = [
  member('a', { era: 'new', tools: of('name', 'echo'), resources: of('uri', 'x://1', 'shared://1') }),
  member('b', {
    sampling: true,
    prompts: of('name', 'greet'),
    templates: of('uriTemplate', 'x://{id}', 'b://{+path}/end'),
  }),
  member('plain', { prefix: 'never', tools: of('name', 'ls', 'a__hidden') }),
  member('out', { leftOut: 'It is disabled.', tools: of('name', 'echo'), resources: of('uri', 'shared://1') }),
];
const routes = createRoutes({ members }, false);
const chosen = createRoutes({ members }, true);

test.each<[name: string, kind: 'tool' | 'prompt', route: string | undefined, inSet: string | undefined]>([
  ['a__echo', 'tool', 'a echo', 'a echo'],
  ['a__other', 'tool', 'a other', undefined],
  ['a__echo', 'prompt', 'a echo', undefined],
  ['b__greet', 'prompt', 'b greet', 'b greet'],
  ['ls', 'tool', 'plain ls', 'plain ls'],
  ['cd', 'tool', undefined, undefined],
  ['a__hidden', 'tool', 'a hidden', undefined],
  ['plain__ls', 'tool', undefined, undefined],
  ['out__echo', 'tool', undefined, undefined],
  ['other__echo', 'tool', undefined, undefined],
  ['', 'tool', undefined, undefined],
])('%j as a %s leads to %j, and in a set to %j', (name, kind, route, inSet) => {
  const text = (found: ReturnType<typeof routes.named>) => found && `${found.member.server} ${found.name}`;
  expect(text(routes.named(name, kind))).toBe(route);
  expect(text(chosen.named(name, kind))).toBe(inSet);
});

test('A route says what the member speaks, and what it may', () => {
  expect(routes.named('a__echo', 'tool')).toEqual({
    member: { server: 'a', era: 'new' },
    name: 'echo',
    definition: '{"name":"echo"}',
  });
  expect(routes.named('b__greet', 'prompt')).toEqual({
    member: { server: 'b', era: 'old', sampling: true },
    name: 'greet',
  });
});

test.each<[uri: string, servers: string[]]>([
  ['x://1', ['a', 'b']],
  ['x://2', ['b']],
  ['x://{id}', ['b']],
  ['shared://1', ['a']],
  ['b://a/b/end', ['b']],
  ['b:///end', ['a', 'b']],
  ['nowhere://', ['a', 'b']],
])('%s is asked of %j', (uri, servers) => {
  expect(routes.located(uri).map((route) => route.member.server)).toEqual(servers);
});

test.each<[template: string, uri: string, fits: boolean]>([
  ['a://b', 'a://b', true],
  ['a://b', 'a://bc', false],
  ['a://{x}', 'a://1', true],
  ['a://{x}', 'a://', false],
  ['a://{x}/{y}', 'a://1/2', true],
  ['a://{x}/{y}', 'a://1/', false],
  ['a://{x}/{y}', 'a:///2', false],
  ['a://{x}/c/{y}.md', 'a://1/c/2.md', true],
  ['a://{x}/c/{y}.md', 'a://1/c/.md', false],
  ['{x}', 'anything', true],
  ['a{x}a', 'aa', false],
  ['a{x}a', 'aba', true],
  ['a{x', 'a{x', true],
])('Of the template %s may come %s: %s', (template, uri, fits) => expect(fitsTemplate(template, uri)).toBe(fits));

test('A template that a server has written to be slow is not', () => {
  expect(fitsTemplate(`a${'{x}a'.repeat(20_000)}b`, 'a'.repeat(60_000))).toBe(false);
});
