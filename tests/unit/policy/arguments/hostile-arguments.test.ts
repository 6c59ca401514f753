import { ask } from './asked.ts';

const repo = 'arguments: {repo: ["acme/*", exact]}';
const amount = 'arguments: {amount: {min: 1, max: 100}}';
const force = 'arguments: {/options/force: [false]}';

describe('A call with a rule about its arguments is refused if the argument', () => {
  test.each<[string, string, string | undefined, string]>([
    ['is missing', repo, '{}', 'not repo'],
    ['is missing, because there are no arguments', repo, undefined, 'not repo'],
    ['is null', repo, '{"repo":null}', 'not repo'],
    ['is null, although it is optional', 'arguments: {repo: {in: [x], optional: true}}', '{"repo":null}', 'not repo'],
    ['is a number in place of a text', 'arguments: {n: ["5"]}', '{"n":5}', 'not n'],
    ['is a text in place of a number', 'arguments: {n: [5]}', '{"n":"5"}', 'not n'],
    ['is a text in place of a number with bounds', amount, '{"amount":"5"}', 'not amount'],
    ['is a text in place of true', 'arguments: {b: [true]}', '{"b":"true"}', 'not b'],
    ['is 1 in place of true', 'arguments: {b: [true]}', '{"b":1}', 'not b'],
    ['is an object', repo, '{"repo":{"repo":"exact"}}', 'not repo'],
    ['is an object in place of a number', amount, '{"amount":{"valueOf":5}}', 'not amount'],
    ['is empty', repo, '{"repo":""}', 'not repo'],
    ['has another letter case', repo, '{"repo":"EXACT"}', 'not repo'],
    ['has a space more', repo, '{"repo":"exact "}', 'not repo'],
    ['looks alike in Unicode', repo, '{"repo":"e\u0445act"}', 'not repo'],
    ['has a compatibility form', repo, '{"repo":"\uff45xact"}', 'not repo'],
    ['has a character that is not seen', repo, '{"repo":"ex\u200bact"}', 'not repo'],
    ['has half a character more', repo, '{"repo":"exact\\ud800"}', 'not repo'],
    ['ends in a NUL', repo, '{"repo":"exact\\u0000"}', 'not repo'],
    ['only begins as allowed', repo, '{"repo":"exact/more"}', 'not repo'],
  ])('%s', (_what, entry, given, expected) => {
    expect(ask(entry, given)).toBe(expected);
  });
});

describe('A glob covers no value that a program reads elsewhere:', () => {
  test.each([
    ['dots', 'acme/../evil'],
    ['a dot', 'acme/./web'],
    ['dots at the end', 'acme/..'],
    ['dots with a space, which Windows drops', 'acme/.. /evil'],
    ['three dots, which Windows reads as two', 'acme/.../evil'],
    ['dots before a parameter of the path, which servers drop', 'acme/..;a=b/evil'],
    ['dots before a query', 'acme/..?x'],
    ['dots before a fragment', 'acme/..#x'],
    ['two slashes', 'acme//evil'],
    ['a backslash', 'acme/..\\evil'],
    ['a lone backslash', 'acme\\evil'],
    ['an escape', 'acme/%2e%2e/evil'],
    ['an escape of an escape', 'acme/%252e%252e/evil'],
    ['a percent sign', 'acme/100%'],
    ['a line break', 'acme/web\nevil'],
    ['a NUL', 'acme/web\u0000.evil'],
    ['dots in their wide form', 'acme/\uff0e\uff0e/evil'],
    ['a leader of two dots', 'acme/\u2025/evil'],
    ['a slash in its wide form', 'acme/\uff0f/evil'],
    ['an escape in its wide form', 'acme/\uff052e\uff052e/evil'],
    ['dots with a character between that is not seen', 'acme/.\u200b./evil'],
    ['dots with a mark', 'acme/.\u0307./evil'],
    ['a text that is written from right to left', 'acme/\u202elive'],
    ['a line separator', 'acme/\u2028evil'],
    ['half a character', 'acme/\ud800'],
    ['a tag that is not seen', 'acme/\u{e0041}'],
    ['another path behind a comma', 'acme/web,evil/web'],
    ['another path behind a semicolon', 'acme/web; evil/web'],
    ['another path behind a line', 'acme/web|/evil'],
    ['another path behind a wide comma', 'acme/web\uff0cevil/web'],
    ['another path behind a colon, as in lists of folders', 'acme/web:/evil'],
    ['another letter case', 'ACME/web'],
    ['a letter that is like another', '\u0430cme/web'],
    ['a longer name', 'acmevil/web'],
    ['the name alone', 'acme'],
    ['a space before', ' acme/web'],
    ['4,097 characters', `acme/${'x'.repeat(4_092)}`],
  ])('%s', (_what, value) => {
    expect(ask(repo, JSON.stringify({ repo: value }))).toBe('not repo');
    // A lone * says that the text does not matter.
    expect(ask('arguments: {repo: ["*"]}', JSON.stringify({ repo: value }))).toBe('allowed');
  });

  test.each([
    'acme/web',
    'acme/web.js',
    'acme/.github',
    'acme/a/b/c',
    'acme/Grüße, Welt!',
    'acme/v1..2',
    'acme/a b/c',
    'acme/2026-11-30T10:00/c',
    'acme/a/b, c; d|e',
    'acme/',
    `acme/${'x'.repeat(4_091)}`,
    `acme/${'\u00e9'.repeat(4_091)}`,
  ])('but it covers %j', (value) => {
    expect(ask(repo, JSON.stringify({ repo: value }))).toBe('allowed');
  });

  test('and a glob of an address covers no other host, port or user', () => {
    const url = (glob: string, value: string) => ask(`arguments: {url: ["${glob}"]}`, JSON.stringify({ url: value }));
    expect(url('https://acme.example/*', 'https://acme.example/a?b=c')).toBe('allowed');
    for (const value of ['https://acme.example.evil.org/', 'https://acme.example@evil.org/', 'https://acme.example:1/'])
      expect(url('https://acme.example*', value)).toBe('not url');
    expect(url('https://acme.example/*', 'https://acme.example/a/http://evil.org')).toBe('not url');
    expect(url('https:/*', 'https://evil.org')).toBe('not url');
  });

  test('and neither does the end of a glob begin what the value ends', () => {
    const value = (glob: string, text: string) => ask(`arguments: {v: ['${glob}']}`, JSON.stringify({ v: text }));
    expect(value('acme/.*', 'acme/./evil')).toBe('not v');
    expect(value('acme/.*', 'acme/.github')).toBe('allowed');
    expect(value('acme/%2*', 'acme/%2e')).toBe('not v');
    expect(value('acme/%*', 'acme/%2e')).toBe('not v');
    expect(value('acme/%2*', 'acme/%2')).toBe('allowed');
    expect(value('acme/%2*', 'acme/%2*')).toBe('not v');
    expect(value('acme/%20*', 'acme/%20x')).toBe('allowed');
    expect(value('e*', 'e\u0301vil')).toBe('not v');
    expect(value('/*', '//evil')).toBe('not v');
    expect(value('/*', '/a')).toBe('allowed');
    expect(value('no-slash-*', 'no-slash-x/../../evil')).toBe('not v');
  });
});

describe('An array passes if each of its elements does:', () => {
  const labels = 'arguments: {labels: {in: [bug, question, "area/*", 3]}}';
  test.each([
    ['["bug","question"]', 'allowed'],
    ['["bug"]', 'allowed'],
    ['["area/x",3,"bug"]', 'allowed'],
    ['["bug","evil"]', 'not labels'],
    ['["evil","bug"]', 'not labels'],
    ['["bug","area/../x"]', 'not labels'],
    ['["bug",null]', 'not labels'],
    ['[["bug"]]', 'not labels'],
    ['["bug",["bug"]]', 'not labels'],
    ['["bug",[]]', 'not labels'],
    ['[{"0":"bug"}]', 'not labels'],
    ['{"0":"bug","length":1}', 'not labels'],
    ['[]', 'not labels'],
    ['"bug"', 'allowed'],
    ['"bug,question"', 'not labels'],
  ])('%s is %s', (value, expected) => {
    expect(ask(labels, `{"labels":${value}}`)).toBe(expected);
  });

  test('an empty one only if the rule says so', () => {
    expect(ask('arguments: {l: {in: [a], empty: true}}', '{"l":[]}')).toBe('allowed');
    expect(ask('arguments: {l: {in: [a], empty: true}}', '{"l":[[]]}')).toBe('not l');
    expect(ask('arguments: {l: {min: 1, empty: true}}', '{"l":[]}')).toBe('allowed');
    expect(ask('arguments: {l: {in: [a], optional: true}}', '{"l":[]}')).toBe('not l');
  });

  test('of numbers, each is within the bounds', () => {
    expect(ask(amount, '{"amount":[1,100]}')).toBe('allowed');
    expect(ask(amount, '{"amount":[1,101]}')).toBe('not amount');
    expect(ask(amount, '{"amount":[1,"2"]}')).toBe('not amount');
  });

  test('one of a hundred thousand elements is judged whole', () => {
    const many = Array.from({ length: 90_000 }, () => '"bug"');
    expect(ask(labels, `{"labels":[${many.join()}]}`)).toBe('allowed');
    expect(ask(labels, `{"labels":[${many.join()},"evil"]}`)).toBe('not labels');
  });
});

describe('A number is judged as every program reads it:', () => {
  test.each([
    ['1', 'allowed'],
    ['100', 'allowed'],
    ['50.5', 'allowed'],
    ['1.0', 'allowed'],
    ['1e2', 'allowed'],
    ['1E+1', 'allowed'],
    ['1000e-1', 'allowed'],
    ['10.000000000000000000', 'allowed'],
    ['0.5', 'not amount'],
    ['0', 'not amount'],
    ['-0', 'not amount'],
    ['-1', 'not amount'],
    ['101', 'not amount'],
    ['100.00000000000000001', 'not amount'],
    ['0.99999999999999999999', 'not amount'],
    ['1e400', 'not amount'],
    ['-1e400', 'not amount'],
    ['9007199254740993', 'not amount'],
  ])('%s from 1 to 100 is %s', (written, expected) => {
    expect(ask(amount, `{"amount":${written}}`)).toBe(expected);
  });

  test.each([
    ['a whole number beyond 2^53', '{min: 1}', '9007199254740993'],
    ['the first that has a neighbour', '{min: 1}', '9007199254740992'],
    ['one that a double cannot hold', '{max: 1}', '0.12345678901234567890123'],
    ['one with a hidden remainder', '[100]', '100.00000000000000001'],
    ['one that is nothing to a double', '{max: 0}', '1e-400'],
    ['one that is nothing to a double, among the allowed', '[0]', '1e-400'],
    ['one without an end', '{min: 1}', '1e999'],
    ['a zero below zero', '[0]', '-0'],
    ['a zero below zero with digits', '{max: 0}', '-0.0000000000000000'],
  ])('%s is refused', (_what, rule, written) => {
    expect(ask(`arguments: {n: ${rule}}`, `{"n":${written}}`)).toBe('not n');
    // Where it is not judged, it does not matter.
    expect(ask(`arguments: {n: [1]}`, `{"n":1,"other":${written}}`)).toBe('allowed');
  });

  test.each(['9007199254740991', '0.1', '0.30000000000000004', '1.7976931348623157e3', '123456789012345.6'])(
    '%s is what it is',
    (written) => {
      expect(ask('arguments: {n: {min: -9007199254740991}}', `{"n":${written}}`)).toBe('allowed');
    },
  );

  test('a value that stands in the file is compared with its type, and bounds have no other type', () => {
    expect(ask('arguments: {n: [1, 2.5]}', '{"n":2.5}')).toBe('allowed');
    expect(ask('arguments: {n: [1, 2.5]}', '{"n":2.50}')).toBe('allowed');
    expect(ask('arguments: {n: [1, 2.5]}', '{"n":2}')).toBe('not n');
    expect(ask('arguments: {n: [1]}', '{"n":true}')).toBe('not n');
    expect(ask('arguments: {n: {min: 0}}', '{"n":true}')).toBe('not n');
    expect(ask('arguments: {n: {max: 5}}', '{"n":-7}')).toBe('allowed');
    expect(ask('arguments: {n: {min: 5}}', '{"n":7}')).toBe('allowed');
  });

  test('in a list too, and what stands beside it stays what it is', () => {
    expect(ask(amount, '{"amount":[100.00000000000000001,5]}')).toBe('not amount');
    const beside = '"l":["bug",null],"n":null,"o":{"a":[1]},"x":100.00000000000000001';
    expect(ask('arguments: {l: [bug], o: {any: true}}', `{${beside.replace(',null]', ']')}}`)).toBe('allowed');
    expect(ask('arguments: {l: [bug]}', `{${beside}}`)).toBe('not l');
    expect(ask('arguments: {n: [bug]}', `{${beside}}`)).toBe('not n');
    expect(ask('arguments: {/o/a: [1]}', `{${beside}}`)).toBe('allowed');
  });

  test('the same digits in a text do not matter', () => {
    expect(ask(amount, '{"amount":5,"id":"100.00000000000000001","x":"1e400"}')).toBe('allowed');
    expect(ask(amount, '{"id":"\\"","amount":100.00000000000000001}')).toBe('not amount');
  });
});

describe('Values that are made to take long are judged all the same:', () => {
  test('texts of dots and commas', () => {
    const many = Array.from({ length: 16 }, () => `acme/x${'.'.repeat(4_000)}x`);
    expect(ask(repo, JSON.stringify({ repo: many }))).toBe('allowed');
    const commas = Array.from({ length: 16 }, () => `acme/${','.repeat(4_000)}`);
    expect(ask(repo, JSON.stringify({ repo: commas }))).toBe('allowed');
    expect(ask(repo, JSON.stringify({ repo: [...many, `acme/${'. '.repeat(2_000)}`] }))).toBe('not repo');
  });

  test('a list of more than 65,536 characters, of which a glob covers no part', () => {
    const texts = (count: number) => Array.from({ length: count }, () => `acme/${'x'.repeat(1_019)}`);
    const list = (count: number, ...more: string[]) => JSON.stringify({ repo: [...texts(count), ...more] });
    expect(ask(repo, list(64))).toBe('allowed');
    expect(ask(repo, list(64, 'acme/y'))).toBe('not repo');
    expect(ask(repo, list(63, 'evil/x'))).toBe('not repo');
    expect(ask('arguments: {repo: ["*"]}', list(400))).toBe('allowed');
    expect(ask(`arguments: {repo: ["${texts(1)[0]}"]}`, list(400))).toBe('allowed');
  });

  test('more than 32,768 characters of names beside a judged one', () => {
    const names = (count: number) =>
      Object.fromEntries(Array.from({ length: count }, (_, i) => [`${i}`.padEnd(250, '\ufdfa'), 1]));
    expect(ask(repo, JSON.stringify({ repo: 'acme/x', ...names(130) }))).toBe('allowed');
    expect(ask(repo, JSON.stringify({ repo: 'acme/x', ...names(132) }))).toBe('not repo');
    const most = { repo: 'acme/x', ...names(131), ['x'.repeat(14)]: 1 };
    expect(Object.keys(most).join('')).toHaveLength(32_768);
    expect(ask(repo, JSON.stringify(most))).toBe('allowed');
    expect(ask(repo, JSON.stringify({ ...most, x: 1 }))).toBe('not repo');
  });

  test('a number of a million digits', () => {
    expect(ask(amount, `{"amount":5,"x":0.${'0'.repeat(1_000_000)}1}`)).toBe('allowed');
    expect(ask(amount, `{"amount":5.${'0'.repeat(1_000_000)}}`)).toBe('not amount');
    expect(ask(amount, `{"amount":5.${'0'.repeat(62)}}`)).toBe('allowed');
    expect(ask(amount, `{"amount":5.${'0'.repeat(63)}}`)).toBe('not amount');
  });

  test('nine thousand numbers that a double cannot hold', () => {
    const many = Array.from({ length: 9_000 }, (_, i) => `${i}.${'0'.repeat(30)}1`);
    expect(ask(amount, `{"amount":50.5,"x":[${many.join()}]}`)).toBe('allowed');
    expect(ask(amount, `{"amount":50,"x":[${many.join()}]}`)).toBe('not amount');
  });

  test('more than ten thousand numbers that have to be looked at', () => {
    const many = (count: number) => Array.from({ length: count }, () => '5e0').join();
    expect(ask(amount, `{"x":[${many(9_999)}],"amount":5e0}`)).toBe('allowed');
    expect(ask(amount, `{"x":[${many(10_000)}],"amount":5e0}`)).toBe('not amount');
  });

  test('texts of marks, which take long to put in order, and texts that grow when they are', () => {
    const marks = (count: number) => `acme/a${'\u0301\u0323'.repeat(count)}`;
    expect(ask(repo, JSON.stringify({ repo: Array.from({ length: 120 }, () => marks(2_000)) }))).toBe('not repo');
    expect(ask(repo, JSON.stringify({ repo: marks(15) }))).toBe('allowed');
    expect(ask(repo, JSON.stringify({ repo: marks(16) }))).toBe('not repo');
    expect(ask(repo, JSON.stringify({ repo: `acme/${'\ufdfa'.repeat(200)}` }))).toBe('allowed');
    expect(ask(repo, JSON.stringify({ repo: `acme/${'\ufdfa'.repeat(300)}` }))).toBe('not repo');
  });

  test('a key of a million characters, and a text of as many', () => {
    const long = 'x'.repeat(1_000_000);
    expect(ask(repo, JSON.stringify({ repo: 'acme/a', [long]: 1 }))).toBe('not repo');
    expect(ask(repo, JSON.stringify({ repo: `acme/${long}` }))).toBe('not repo');
    expect(ask(repo, JSON.stringify({ repo: 'acme/a', other: long }))).toBe('allowed');
  });
});

describe('A second spelling of a judged argument is refused beside it:', () => {
  const optional = 'arguments: {repo_name: {in: [acme], optional: true}}';
  test.each([
    ['another letter case', 'Repo_Name'],
    ['all in capitals', 'REPO_NAME'],
    ['words without a mark', 'reponame'],
    ['a capital in place of the mark', 'repoName'],
    ['another mark', 'repo-name'],
    ['a dot', 'repo.name'],
    ['a space', 'repo name'],
    ['a space behind', 'repo_name '],
    ['an element of a list', 'repo_name[0]'],
    ['a part behind a dot', 'repo_name.0'],
    ['a part of a longer name, over two lines', 'repo_name.length\n.x'],
    ['an element behind some dots', '..repo_name[0]'],
    ['a part of a pointer', '/repo_name/x'],
    ['a letter that folds to one of ASCII', 'repo_na\u217fe'],
    ['wide letters', '\uff52epo_name'],
    ['an accent, also', 're\u0301po_name'],
    ['an accent', 'r\u00e9po_name'],
    ['a character that is not seen', 'repo_na\u200bme'],
    ['a soft hyphen', 'repo\u00ad_name'],
    ['a byte order mark', '\ufeffrepo_name'],
  ])('%s', (_what, key) => {
    expect(ask(optional, JSON.stringify({ [key]: 'evil' }))).toBe('not repo_name');
    expect(ask(optional, JSON.stringify({ repo_name: 'acme', [key]: 'acme' }))).toBe('not repo_name');
    expect(ask(optional, JSON.stringify({ [key]: 'evil', repo_name: 'acme' }))).toBe('not repo_name');
  });

  test.each([
    ['the same key twice', '{"repo_name":"acme","repo_name":"evil"}'],
    ['the same key twice, once escaped', '{"repo_name":"acme","repo\\u005fname":"evil"}'],
  ])('%s makes the whole request unreadable', (_what, given) => {
    expect(ask(optional, given)).toBe('unreadable');
  });

  test.each([
    ['a NUL, at which programs in C end', '{"repo_name\\u0000x":"evil"}'],
    ['half a character, which some programs drop', '{"repo_name\\ud800":"evil"}'],
    ['a key of 257 characters', JSON.stringify({ ['x'.repeat(257)]: 1 })],
    ['what becomes a part of the object when it is copied', '{"__proto__":{"repo_name":"evil"}}'],
    [
      'more than 1,000 members',
      JSON.stringify(Object.fromEntries(Array.from({ length: 1_001 }, (_, i) => [`k${i}`, 1]))),
    ],
  ])('%s', (_what, given) => {
    expect(ask(optional, given)).toBe('not repo_name');
  });

  test.each(['{"name":"x"}', '{"repo":"x"}', '{"repo_names":"x"}', '{"xrepo_name":1}', '{"constructor":1}', '{"":1}'])(
    'and %s is another argument',
    (given) => {
      expect(ask(optional, given)).toBe('allowed');
    },
  );

  test.each([256, 1_000])('and so is one of %i characters, or one of that many', (count) => {
    const given =
      count === 256
        ? { ['x'.repeat(256)]: 1 }
        : Object.fromEntries(Array.from({ length: 1_000 }, (_, i) => [`k${i}`, 1]));
    expect(ask(optional, JSON.stringify(given))).toBe('allowed');
  });

  test('names that look alike are both judged where the rule names both', () => {
    const both = 'arguments: {userId: [1], user_id: [2]}';
    expect(ask(both, '{"userId":1,"user_id":2}')).toBe('allowed');
    expect(ask(both, '{"userId":1,"user_id":1}')).toBe('not user_id');
    expect(ask(both, '{"userId":1,"user_id":2,"USER_ID":3}')).toBe('not userId');
  });

  test('letters are compared as they are in capitals', () => {
    expect(ask('arguments: {kind: {in: [1], optional: true}}', '{"k\u0131nd":2}')).toBe('not kind');
    expect(ask('arguments: {strasse: {in: [1], optional: true}}', '{"stra\u00dfe":2}')).toBe('not strasse');
    expect(ask('arguments: {kind: {in: [1], optional: true}}', '{"k\u0130nd":2}')).toBe('not kind');
  });

  test('each key is looked at, wherever it stands', () => {
    expect(ask(optional, '{"other":1,"more":2,"Repo_Name":"evil"}')).toBe('not repo_name');
    expect(ask(optional, '{"other":1,"repo_name":"acme","more":2,"REPO_NAME":"evil"}')).toBe('not repo_name');
  });

  test('names without a letter are compared as they are', () => {
    expect(ask('arguments: {"$": [1]}', '{"$":1,"@":2}')).toBe('allowed');
    expect(ask('arguments: {"$": {in: [1], optional: true}}', '{"\uff04":2}')).toBe('not $');
  });

  test('the arguments themselves have no second spelling', () => {
    for (const key of ['Arguments', 'ARGUMENTS', 'argument\u017f']) {
      const given = `{"repo_name":"acme"},"${key}":{"repo_name":"evil"}`;
      expect(ask(optional, given)).toBe('unreadable');
    }
    expect(ask(optional, '{"repo_name":"acme"},"arguments":{"repo_name":"evil"}')).toBe('unreadable');
  });
});

describe('A nested argument is judged where its pointer leads:', () => {
  test.each([
    ['{"options":{"force":false}}', 'allowed'],
    ['{"options":{"force":false,"other":[{}]},"x":1}', 'allowed'],
    ['{"options":{"force":true}}', 'not /options/force'],
    ['{"options":{}}', 'not /options/force'],
    ['{}', 'not /options/force'],
    ['{"options":null}', 'not /options/force'],
    ['{"options":[{"force":false}]}', 'not /options/force'],
    ['{"options":"{\\"force\\":false}"}', 'not /options/force'],
    ['{"options":{"force":false,"Force":true}}', 'not /options/force'],
    ['{"options":{"force":false},"Options":{"force":true}}', 'not /options/force'],
    ['{"options":{"force":false},"options.force":true}', 'not /options/force'],
    ['{"options":{"force":false},"options[force]":true}', 'not /options/force'],
    ['{"options":{"force":false},"optionsForce":true}', 'not /options/force'],
    ['{"options":{"force":false},"options.0.force":true}', 'not /options/force'],
    ['{"options":{"force":false,"force[0]":true}}', 'not /options/force'],
    ['{"options":{"force":false,"__proto__":{"force":true}}}', 'not /options/force'],
    ['{"options":{"force":false},"__proto__":{"options":{"force":true}}}', 'not /options/force'],
    ['{"options":{"__proto__":{"force":false}}}', 'not /options/force'],
    ['{"__proto__":{"options":{"force":false}}}', 'not /options/force'],
    ['{"/options/force":false}', 'not /options/force'],
  ])('%s is %s', (given, expected) => {
    expect(ask(force, given)).toBe(expected);
  });

  test.each(['b_c', 'bC', 'b-c'])('a key %s of the object around it may be read as the rest of its pointer', (key) => {
    const given = (name: string) => JSON.stringify({ a: { b: { c: false }, [name]: true } });
    expect(ask('arguments: {/a/b/c: [false]}', given(key))).toBe('not /a/b/c');
    expect(ask('arguments: {/a/b/c: [false]}', given('ab_c'))).toBe('allowed');
  });

  test('an optional one may be missing with what is around it, and nothing around it may be another type', () => {
    const optional = 'arguments: {/options/force: {in: [false], optional: true}}';
    expect(ask(optional, '{}')).toBe('allowed');
    expect(ask(optional, '{"options":{}}')).toBe('allowed');
    for (const options of ['null', '[]', '[{"force":true}]', '"force"', '1', '{"force":null}', '{"Force":true}'])
      expect(ask(optional, `{"options":${options}}`)).toBe('not /options/force');
  });

  test('one that is three keys deep is judged at each of them', () => {
    const deep = 'arguments: {/a/b/c: {in: [1], optional: true}}';
    for (const given of ['{}', '{"a":{}}', '{"a":{"b":{}}}', '{"a":{"b":{"c":1}}}', '{"x":{"b":{"c":2}}}'])
      expect(ask(deep, given)).toBe('allowed');
    for (const a of ['{"b":{"c":2}}', '{"b":{"C":1}}', '{"B":{}}', '{"b.c":2}', '{"b":{},"b/c":1}', '{"b":[]}'])
      expect(ask(deep, `{"a":${a}}`)).toBe('not /a/b/c');
    expect(ask(deep, '{"a":{"b":{"c":1}},"a.b.c":2}')).toBe('not /a/b/c');
  });

  test('a pointer escapes slashes and tildes, and its numbers are keys', () => {
    expect(ask('arguments: {/a~1b/c~0d: [1]}', '{"a/b":{"c~d":1}}')).toBe('allowed');
    expect(ask('arguments: {/~01: [1]}', '{"~1":1}')).toBe('allowed');
    expect(ask('arguments: {/list/0: [1]}', '{"list":[1]}')).toBe('not /list/0');
    expect(ask('arguments: {/list/0: [1]}', '{"list":{"0":1}}')).toBe('allowed');
    expect(ask('arguments: {a.b: [1]}', '{"a.b":1}')).toBe('allowed');
  });

  test('two pointers into one object are both judged, each level once', () => {
    const two = 'arguments: {/o/a: [1], /o/b: [2], c: [3]}';
    expect(ask(two, '{"o":{"a":1,"b":2},"c":3}')).toBe('allowed');
    expect(ask(two, '{"o":{"a":1,"b":1},"c":3}')).toBe('not /o/b');
    expect(ask(two, '{"o":{"a":1,"b":2,"B":3},"c":3}')).toBe('not /o/b');
    expect(ask(two, '{"o":{"a":1,"b":2},"c":4}')).toBe('not c');
  });

  test('arguments that are nested deeper than a request may be are not read', () => {
    const deep = (levels: number) => `{"options":{"force":false},"x":${'['.repeat(levels)}${']'.repeat(levels)}}`;
    expect(ask(force, deep(40))).toBe('allowed');
    expect(ask(force, deep(70))).toBe('unreadable');
  });
});

describe('The arguments as a whole', () => {
  test.each(['[]', '["acme/web"]', 'null', '"acme/web"', '5', 'true', 'false'])(
    '%s are none that a rule about arguments allows',
    (given) => {
      expect(ask(repo, given)).toBe('not repo');
      expect(ask('arguments: {repo: {in: [x], optional: true}}', given)).toBe('not repo');
      expect(ask('only: true', given)).toBe('not undefined');
    },
  );

  test('hold no others than those that are named, if the rule says so', () => {
    const only = 'arguments: {a: [1], /o/b: {any: true, optional: true}}, only: true';
    expect(ask(only, '{"a":1}')).toBe('allowed');
    expect(ask(only, '{"a":1,"o":{"b":2,"c":3}}')).toBe('allowed');
    expect(ask(only, '{"a":1,"extra":2}')).toBe('not extra');
    expect(ask(only, '{"a":1,"b":2}')).toBe('not b');
    expect(ask(only, '{"a":1,"constructor":2}')).toBe('not constructor');
    expect(ask(only, '{"a":1,"__proto__":2}')).toBe('not a');
    expect(ask('only: true', '{}')).toBe('allowed');
    expect(ask('only: true', undefined)).toBe('allowed');
    expect(ask('only: true', '{"a":1}')).toBe('not a');
    expect(ask('only: true', '{"__proto__":1}')).toBe('not __proto__');
  });

  test.each(['a b', 'secret\n', 'x'.repeat(65), 'ключ', '<b>', ''])(
    'and the refusal repeats no key like %j that the caller has made up',
    (key) => {
      expect(ask('only: true', JSON.stringify({ [key]: 1 }))).toBe('not (another)');
    },
  );

  test('may be anything where the rule says so, but must be there', () => {
    const any = 'arguments: {x: {any: true}}';
    for (const value of ['null', '[]', '{}', '[[1]]', '"\\ud800"', '1e999', '-0'])
      expect(ask(any, `{"x":${value}}`)).toBe('allowed');
    expect(ask(any, '{}')).toBe('not x');
    expect(ask(any, '{"x":1,"X":2}')).toBe('not x');
  });

  test('are judged by each rule as the file has them, and the first that fails is named', () => {
    const three = 'arguments: {c: [1], a: [1], b: [1]}';
    expect(ask(three, '{"a":2,"b":2,"c":2}')).toBe('not c');
    expect(ask(three, '{"a":2,"b":2,"c":1}')).toBe('not a');
  });
});
