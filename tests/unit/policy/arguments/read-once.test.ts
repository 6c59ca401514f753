import { imitated, type JudgedLevel } from '../../../../policy/arguments/look-alike.ts';
import { valueJudge } from '../../../../policy/arguments/value.ts';
import { limitsFor } from '../../../../policy/limits.ts';
import { compilePolicy, type Limit } from '../../../../policy/policy.ts';

// Many rules may ask the same of one call, which may be large.

test('the keys of an object are read once, whatever rules ask', () => {
  let reads = 0;
  const given = new Proxy({ repo: 'x', Other: 1 } as object, {
    ownKeys: (target) => {
      reads++;
      return Reflect.ownKeys(target);
    },
  });
  const level = (name: string): JudgedLevel => ({ names: new Set(['repo']), folds: new Map([[name, name]]) });
  expect([imitated(given, level('REPO'), 'f'), imitated(given, level('OTHER'), 'f')]).toEqual([undefined, 'OTHER']);
  expect(reads).toBe(1);
});

test('a list is read once for the same values, and again for others', () => {
  let reads = 0;
  const list = ['acme/web', 'acme/app'];
  list.every = ((...words: Parameters<typeof list.every>) => {
    reads++;
    return Array.prototype.every.apply(list, words);
  }) as typeof list.every;
  const judge = (...values: string[]) =>
    valueJudge({ name: 'repo', path: ['repo'], values, optional: false, empty: false })(list);
  expect([judge('acme/*'), judge('acme/*')]).toEqual([true, true]);
  expect(reads).toBe(1);
  expect([judge('evil/*'), judge('evil/*'), judge('acme/*')]).toEqual([false, false, true]);
  expect(reads).toBe(2);
});

test('the names of a limit are folded once', () => {
  let reads = 0;
  const tools = ['create_*'];
  tools.map = (...words) => {
    reads++;
    return Array.prototype.map.apply(tools, words) as never;
  };
  const limit: Limit = { at: 'limits[0]', server: '*', tools, calls: 5, seconds: 60 };
  const policy = compilePolicy({ groups: new Map(), scopes: new Map(), ui: new Map(), limits: [limit] });
  const caller = { isAgent: false, groups: [], scopes: [] };
  for (let i = 0; i < 3; i++) expect(limitsFor(policy, caller, 'github', 'Create_Issue')).toHaveLength(1);
  expect(reads).toBe(1);
});
