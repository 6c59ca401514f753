import { join } from 'node:path';

interface Item {
  names: string[];
  also?: string;
}
const file = join(import.meta.dirname, '../../../../../registry/pages/public/palette-find.js');
const { fitting, placeOf } = (await import(file)) as {
  fitting: (items: Item[], typed: string) => { item: Item; rank: number }[];
  placeOf: (text: string, typed: string) => [number, number] | undefined;
};

const named = (...names: string[]): Item[] => names.map((name) => ({ names: [name] }));
const found = (items: Item[], typed: string) => fitting(items, typed).map(({ item, rank }) => [item.names[0], rank]);

test('What begins with the text comes first, then what has a word that does, then what has it anywhere', () => {
  const items = named('digit', 'My Git', 'list-git', 'GitHub', 'getGit', 'legit git', 'Mail');
  expect(found(items, 'git')).toEqual([
    ['GitHub', 0],
    ['My Git', 1],
    ['list-git', 1],
    ['getGit', 1],
    ['legit git', 1],
    ['digit', 2],
  ]);
});

test('Letters match in either case, and spaces around the text do not count', () => {
  expect(found(named('Ärzte', 'GitHub'), '  ärz ')).toEqual([['Ärzte', 0]]);
  expect(found(named('GitHub'), 'GITHUB')).toEqual([['GitHub', 0]]);
});

test('The best of several names counts', () => {
  expect(found([{ names: ['The source', 'github'] }], 'git')).toEqual([['The source', 0]]);
});

test('Several words find what has all of them, in any order and in its other words, last', () => {
  const items = [
    { names: ['create_issue'], also: 'GitHub Opens an issue' },
    { names: ['close_issue'], also: 'Jira' },
    { names: ['issue github'], also: '' },
  ];
  expect(found(items, 'github issue')).toEqual([
    ['create_issue', 3],
    ['issue github', 3],
  ]);
  expect(found(items, 'github  mail')).toEqual([]);
});

test('Of equals the order stays', () => {
  expect(found(named('git b', 'git a', 'git c'), 'git').map(([name]) => name)).toEqual(['git b', 'git a', 'git c']);
});

test('What is typed is no pattern', () => {
  expect(found(named('a.b', 'axb', 'a(b'), '.')).toEqual([['a.b', 2]]);
  expect(found(named('a.b', 'a(b'), '(b')).toEqual([['a(b', 2]]);
});

test('The place of the text is found, to mark it', () => {
  expect(placeOf('My GitHub', 'git')).toEqual([3, 6]);
  expect(placeOf('My GitHub', ' ')).toBeUndefined();
  expect(placeOf('My GitHub', 'x')).toBeUndefined();
});
