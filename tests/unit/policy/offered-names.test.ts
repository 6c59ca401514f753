import fc from 'fast-check';
import { nameFault } from '../../../policy/names.ts';
import { longestOffered, mayBePlain, offeredName, ownerOf } from '../../../policy/offered-names.ts';

const long = (length: number) => 'x'.repeat(length);

test.each<[server: string, name: string, offered: string | undefined]>([
  ['github', 'create_issue', 'github__create_issue'],
  ['a', '_b', 'a___b'],
  ['a', '__b', 'a____b'],
  ['odd', 'm00__echo', 'odd__m00__echo'],
  ['a-b_c', 'D-e', 'a-b_c__D-e'],
  ['s', long(longestOffered - 3), `s__${long(longestOffered - 3)}`],
  ['s', long(longestOffered - 2), undefined],
  [long(46), 'a', undefined],
  ['s', 'a.b', undefined],
  ['s', 'a/b', undefined],
  ['s', 'a b', undefined],
  ['s', 'ä', undefined],
  ['s', 'оpen', undefined],
  ['s', '', undefined],
  ['a__b', 'c', undefined],
  ['a_', 'b', undefined],
  ['hub', 'c', undefined],
  ['UPPER', 'c', undefined],
])('The tool of %j called %j is offered as %j', (server, name, offered) => {
  expect(offeredName({ server, name }, 'tool')).toBe(offered);
  if (offered !== undefined) expect(ownerOf(offered)).toEqual({ server, name });
});

test.each(['a.b/c d', long(200), 'schön'])('A prompt may be called %j, because no model calls it', (name) => {
  expect(offeredName({ server: 's', name }, 'prompt')).toBe(`s__${name}`);
  expect(ownerOf(`s__${name}`)).toEqual({ server: 's', name });
});

test.each(['', 'echo', '__echo', 'a__', 'A__echo', 'hub__echo', 'a_b', '_a__b', 'call tool__x'])(
  'The name %j leads to no server',
  (name) => expect(ownerOf(name)).toBeUndefined(),
);

test.each<[name: string, plain: boolean]>([
  ['echo', true],
  ['a_b', true],
  ['a__b', false],
  ['A__b', true],
  ['a.b', false],
  [long(longestOffered), true],
  [long(longestOffered + 1), false],
  ['', false],
  ['\ud800', false],
])('Whether a tool called %j may keep its plain name: %j', (name, plain) =>
  expect(mayBePlain(name, 'tool')).toBe(plain),
);

test.each(['', '\ud800'])('A prompt called %j is not offered, and may not keep its name', (name) => {
  expect(offeredName({ server: 's', name }, 'prompt')).toBeUndefined();
  expect(mayBePlain(name, 'prompt')).toBe(false);
});

test.each<[name: string, plain: boolean]>([
  ['a.b/c d', true],
  [long(longestOffered + 1), true],
  ['a__b', false],
  ['prompt', true],
])('Whether a prompt called %j may keep its plain name: %j', (name, plain) =>
  expect(mayBePlain(name, 'prompt')).toBe(plain),
);

test('Two tools never meet in one name, and each name leads back to its tool', () => {
  const letters = fc.constantFrom('a', 'b', '_', '-', '1');
  const word = fc.string({ unit: letters, minLength: 1, maxLength: 8 });
  const owned = fc.record({ server: word.filter((name) => nameFault(name) === undefined), name: word });
  fc.assert(
    fc.property(owned, owned, (one, other) => {
      const [first, second] = [offeredName(one, 'tool'), offeredName(other, 'tool')];
      expect(ownerOf(first ?? '')).toEqual(one);
      if (first === second) expect(one).toEqual(other);
    }),
  );
});
