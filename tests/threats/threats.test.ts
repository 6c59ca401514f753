import { controls } from '../../attack/cases/controls.ts';
import { clientControls } from '../../attack/cases/oauth/controls.ts';
import { kinds } from '../../attack/hostile/behaviours/kinds.ts';
import { allAttacks } from '../../attack/run.ts';
import { missingTests } from '../support/rows/row.ts';
import { testNames } from '../support/rows/test-names.ts';
import { accounts } from './accounts.ts';
import { advisories } from './advisories.ts';
import { answers } from './answers.ts';
import { approvals } from './approvals.ts';
import { attacked } from './attacked.ts';
import { audit } from './audit.ts';
import { brokers } from './brokers.ts';
import { gate } from './gate.ts';
import { judge } from './judge.ts';
import { kept } from './kept.ts';
import { oauth } from './oauth.ts';
import { authRequest, found } from './original.ts';
import { registered } from './registered.ts';
import { requests } from './requests.ts';

const cases = [...allAttacks, ...controls, ...clientControls];
const behaviours = kinds.flatMap((kind) => kind.behaviours);
const attacks = new Set([...cases, ...behaviours].map(({ name }) => name));
const rows = [
  ...found,
  ...authRequest,
  ...attacked,
  ...answers,
  ...advisories,
  ...gate,
  ...judge,
  ...registered,
  ...oauth,
  ...brokers,
  ...accounts,
  ...approvals,
  ...requests,
  ...audit,
  ...kept,
];
const ids = rows.flatMap(({ id }) => id.split(' '));

test.each(rows.map((each) => [each.id, each.what, each] as const))('%s: %s', (_id, _what, each) => {
  expect(Object.values(each.held).flat().length).toBeGreaterThan(0);
  expect(missingTests(each, { attack: attacks })).toEqual([]);
});

describe('The list itself', () => {
  test('has each vulnerability of the original once', () => {
    const vulnerabilities = Array.from({ length: 16 }, (_, i) => `J${i + 1}`);
    expect(found.map(({ id }) => id)).toEqual(vulnerabilities);
    const letters =
      'a b c d1 d2 d3 e f g g4 h1 h2 h3 i j j3 j5 k l m n o o5 o6 o7 o8 o9 p1 p2 p3 p4 p5 p6 p7 p8 p9 p10';
    expect(attacked.map(({ id }) => id)).toEqual([...letters.split(' '), 'not holes']);
    expect(new Set(rows.map(({ id }) => id)).size).toBe(rows.length);
  });

  test('has a row for every source of an attack', () => {
    const theirs = new Set(cases.flatMap(({ source }) => source.split(' ')));
    const other = ['own', 'control', 'of', 'J', 'd', '§4'];
    expect([...theirs].filter((source) => !ids.includes(source) && !other.includes(source))).toEqual([]);
  });

  test('notices a test that is renamed, skipped or commented out', () => {
    const source = `
      const rows = [['kept in a table of its own', 1]];
      test('kept', () => {});
      test.each([['kept in a table', 1], [\`not this\`, 'a second cell']])('kept with %s', () => {});
      test.each(rows)('kept with another %s', () => {});
      test.skip('skipped', () => {});
      test.todo('to do');
      describe.skip.each([['skipped in a table']])('skipped', () => {});
      // test('commented out', () => {});
      const notATest = ['no test'];
      other('no test either');
    `;
    expect([...testNames(source)].sort()).toEqual([
      'a second cell',
      'kept',
      'kept in a table',
      'kept in a table of its own',
      'kept with %s',
      'kept with another %s',
    ]);
  });
});
