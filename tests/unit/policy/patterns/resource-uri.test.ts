import { posix, win32 } from 'node:path';
import fc from 'fast-check';
import { staysUnder, templateStaysUnder } from '../../../../policy/patterns/resource-uri.ts';
import { runs } from '../arbitraries.ts';

const under = (prefix: string, rest: string) => staysUnder(prefix, prefix + rest);

describe('a prefix covers', () => {
  test.each([
    ['file:///data/', ''],
    ['file:///data/', 'a.txt'],
    ['file:///data/', 'sub/dir/'],
    ['file:///data/', '.env'],
    ['file:///data/', '..rc'],
    ['file:///data/', "it's_(1)-[draft],v1.2~old!.md"],
    ['file:///data/', 'R&D/a=b/@me/10:30'],
    ['file:///data/', 'my%20report.pdf'],
    ['file:///data/', '%E6%97%A5%E6%9C%AC.txt'],
    ['file:///data/', '日本/Übersicht–1.txt'],
    ['file:///data/', '%F0%9F%93%84%E2%80%99s'],
    ['file:///data/', 'x?page=2&size=10#top'],
    ['file:///dat', 'a/x'],
    ['file:///', 'C:/Users/me/a.txt'],
    ['file://', '/etc/hosts'],
    ['file:', '///etc/hosts'],
    ['http', 's://host/a'],
    ['http://', 'host:8080/a'],
    ['https://host', '/a'],
    ['https://host/~', 'alice/'],
    ['note:pub/', 'a/b'],
    ['note:', 'a'],
    ['urn:', 'isbn:0451450523'],
    ['db://table_', 'users/schema'],
    ['db://q?', 'table=a&limit=5'],
    ['db://q?table=pub_', 'users'],
    ['mailto:', 'me@example.org'],
    ['npm://', 'lodash/4.17.21'],
    ['npm://registry/', '@scope/pkg'],
    ['docs/', 'read/me.md'],
    ['urn:x:', 'y:z'],
    ['file:///dat', 'a:x'],
    ['note:x/C:/', 'y'],
    ['file:///data/./', 'x'],
    ['file:///data/', 'a'.repeat(4_096 - 'file:///data/'.length)],
  ])('under %j the rest %j', (prefix, rest) => {
    expect(under(prefix, rest)).toBe(true);
  });
});

describe('a prefix does not cover', () => {
  test.each([
    ['file:///data/', '../etc/passwd'],
    ['file:///data/', 'a/../../etc/passwd'],
    ['file:///data/', '..'],
    ['file:///data/', './a'],
    ['file:///data/', '.'],
    ['file:///data/', '.../a'],
    ['file:///data/.', './etc/passwd'],
    ['file:///data/%2e', './etc/passwd'],
    ['file:///data/%', '2e./etc/passwd'],
    ['file:///data/%2', 'e./etc/passwd'],
    ['file:///data/%25', '2e./etc/passwd'],
    ['file:///data/%252', 'e./etc/passwd'],
    ['file:///data/', '%2e%2e/etc/passwd'],
    ['file:///data/', '.%2E/etc/passwd'],
    ['file:///data/', '%252e%252e/etc/passwd'],
    ['file:///data/', '..%2fetc/passwd'],
    ['file:///data/', 'a%2fb'],
    ['file:///data/', 'a%2eb'],
    ['file:///data/', 'a%3Fb'],
    ['file:///data/', '..%252fetc'],
    ['file:///data/', '..%5cetc'],
    ['file:///data/', '..\\..\\etc'],
    ['note://pub/', '..\\..\\secret'],
    ['note:pub/', '../secret'],
    ['note:', '../secret'],
    ['file:///data/', '..;/etc'],
    ['file:///data/', ';/../etc'],
    ['file:///data/', '?/../../etc/passwd'],
    ['file:///data/', '#/../../etc/passwd'],
    ['file:///data/', 'a?x=../../etc'],
    ['file:///data/', 'a?x=/etc/passwd'],
    ['file:///data/', 'a#..'],
    ['file:///data/', '%3f/../etc'],
    ['file:///data/', '/etc/passwd'],
    ['file:///data/', 'a//etc/passwd'],
    ['file:///', '/evil/share'],
    ['file:///data/', 'C:/Windows'],
    ['file:///data/', 'C:Windows'],
    ['file:///data/', 'file:/etc/passwd'],
    ['file:///data/', 'sub/D:x'],
    ['file:///', 'C:Windows'],
    ['file:///', 'C:/D:x'],
    ['file:///data/', 'a#bc#d'],
    ['file:///data/', 'http://evil/'],
    ['file:///data/', '..\u0000/etc'],
    ['file:///data/', 'a\t../etc'],
    ['file:///data/', 'a\n'],
    ['file:///data/', 'a%00'],
    ['file:///data/', 'a%0d%0ab'],
    ['file:///data/', 'a b'],
    ['file:///data/', '.. /etc'],
    ['file:///data/', '..%20/etc'],
    ['file:///data/', '..+/etc'],
    ['file:///data/', '..\u0301/etc'],
    ['file:///data/', '．．/etc'],
    ['file:///data/', '‥/etc'],
    ['file:///data/', '..／etc'],
    ['file:///data/', '..∕etc'],
    ['file:///data/', '..＼etc'],
    ['file:///data/', '..¥etc'],
    ['file:///data/', '%EF%BC%8E%EF%BC%8E/etc'],
    ['file:///data/', '%c0%ae%c0%ae/etc'],
    ['file:///data/', '%ff'],
    ['file:///data/', '%zz'],
    ['file:///data/', '%'],
    ['file:///data/', '\ud800'],
    ['file:///data/', 'a\u202egpj.exe'],
    ['file:///data/', '{x}'],
    ['file:///data/', '$HOME/x'],
    ['file:///data/', 'a'.repeat(4_096)],
    ['http://', 'user@host/a'],
    ['http://', ':pw@host/a'],
    ['https://host', '@evil.example/'],
    ['https://host', '.evil.example/'],
    ['https://host', ':444/'],
    ['note://host', '@evil'],
    ['db://q?table=pub_', 'a&table=secret'],
    ['db://q?table=pub_', 'a%26table=secret'],
    ['db://q?table=pub_', 'a?table=secret'],
    ['docs/', '../me.md'],
  ])('under %j the rest %j', (prefix, rest) => {
    expect(under(prefix, rest)).toBe(false);
  });
});

test('A lone * covers every name, and a name covers itself', () => {
  for (const name of ['file:///data/../x', 'a b', '', '\\', '{x}', 'ü', 'a'.repeat(20_000)]) {
    expect(staysUnder('', name)).toBe(true);
    expect(staysUnder(name, name)).toBe(true);
  }
});

/** What `os.path.normpath` of Python makes of a path (posixpath.py). */
function pythonNormpath(path: string): string {
  if (path === '') return '.';
  const slashes = path.startsWith('//') && !path.startsWith('///') ? '//' : path.startsWith('/') ? '/' : '';
  const kept: string[] = [];
  for (const part of path.split('/')) {
    if (part === '' || part === '.') continue;
    if (part !== '..' || (slashes === '' && kept.length === 0) || kept.at(-1) === '..') kept.push(part);
    else if (kept.length > 0) kept.pop();
  }
  return slashes + kept.join('/') || '.';
}

const decode = (text: string) => {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
};
/** Reads a URI as text, and with its escapes decoded once and twice, before or after compatibility characters are replaced. */
const spellings = (uri: string) => {
  const decoded = [uri, decode(uri), decode(decode(uri))];
  return [...decoded, ...decoded.map((text) => text.normalize('NFKC')), decode(uri.normalize('NFKC'))];
};
/** A URI as a path: without its scheme and authority, and with the authority as the first folder. */
const cuts = [/^[a-z]+:(\/\/[^/]*)?/i, /^[a-z]+:\/*/i];
/** The paths that readers take from a URI: cut at `?` and `#` or not, parsed as a URL or not. */
const pathsIn = (uri: string, cut: RegExp) =>
  spellings(uri).flatMap((text) => {
    const texts = [text, text.split(/[?#]/, 1)[0] ?? '', URL.parse(text)?.href ?? text];
    return texts.flatMap((path) =>
      [path, decode(path), decode(decode(path))].map((decoded) => decoded.replace(cut, '')),
    );
  });
const resolvers: ((path: string) => string)[] = [
  (path) => posix.resolve('/', path),
  (path) =>
    win32
      .resolve('C:\\', path)
      .replace(/^[a-z]:/i, '')
      .replaceAll('\\', '/'),
  (path) => pythonNormpath(path.startsWith('/') ? path : `/${path}`),
];

const hostile = fc.constantFrom(
  ...[
    '..',
    '.',
    '/',
    '/',
    '//',
    '\\',
    '%',
    '%2e',
    '%2E',
    '%2f',
    '%5c',
    '%25',
    '%252e',
    '%252f',
    '%00',
    '%3f',
    '%23',
    '2e',
  ],
  ...[
    '?',
    '#',
    ';',
    '&',
    '=',
    ':',
    '@',
    '+',
    ' ',
    '%20',
    '\t',
    '\n',
    '\0',
    '．',
    '／',
    '‥',
    '∕',
    '＼',
    '%ef%bc%8e',
    '%c0%ae',
  ],
  ...['a', 'etc', 'data', 'C:', 'file:', '~', '$', '{', '日', 'ü', '\u0301', '%E6%97%A5', '⒈', '\ud800'],
);
const prefixes = [
  'file:///data/',
  'file:///data/sub',
  'file:///data/a.',
  'note:pub/',
  'note://pub/',
  'https://host/a/',
  '/srv/data/',
];

/** The paths that some reader makes of a URI and that are not below the folder of a prefix. */
function wayOut(prefix: string, uri: string): string[] {
  const folderOf = (cut: RegExp) => posix.resolve('/', prefix.slice(0, prefix.lastIndexOf('/') + 1).replace(cut, ''));
  return cuts.flatMap((cut) => {
    const folder = folderOf(cut);
    const inside = (path: string) => path === folder || path.startsWith(folder === '/' ? folder : `${folder}/`);
    const reached = pathsIn(uri, cut).flatMap((path) => resolvers.map((resolve) => resolve(path)));
    return reached.filter((path) => !inside(path));
  });
}

test('What a prefix covers stays under it for path functions, URL parsers and readers that decode once or twice', () => {
  let covered = 0;
  const property = fc.property(
    fc.constantFrom(...prefixes),
    fc.array(hostile, { minLength: 1, maxLength: 8 }),
    (prefix, parts) => {
      const uri = prefix + parts.join('');
      if (!staysUnder(prefix, uri)) return;
      covered++;
      expect(wayOut(prefix, uri)).toEqual([]);
      const [url, origin] = [URL.parse(uri), URL.parse(prefix)];
      expect([url?.host, url?.username, url?.protocol]).toEqual([origin?.host, origin?.username, origin?.protocol]);
    },
  );
  fc.assert(property, { numRuns: runs(30_000) });
  expect(covered).toBeGreaterThan(0);
});

test.each<[what: string, prefix: string, template: string, boolean]>([
  ['a URI without expressions that is the prefix', 'file:///data/', 'file:///data/', true],
  ['an expression behind the prefix', 'file:///data/', 'file:///data/{name}', true],
  ['an expression behind dots', 'file:///data/', 'file:///data/../{name}', false],
  ['an expression in the prefix', 'file:///{x}', 'file:///{x}/a', false],
  ['an expression that begins in the prefix', 'file:///{', 'file:///{x}', false],
  ['expressions of 4,096 characters', 'file:///data/', `file:///data/${'a'.repeat(4_080)}{x}`, true],
  ['expressions of 4,097 characters', 'file:///data/', `file:///data/${'a'.repeat(4_081)}{x}`, false],
  ['anything under no prefix', '', '{+any}/../x', true],
  ['a very long one under no prefix', '', `{x}${'../'.repeat(4_000)}`, true],
])('of templates, %s: whether it is under %j', (_what, prefix, template, expected) => {
  expect(templateStaysUnder(prefix, template)).toBe(expected);
});
