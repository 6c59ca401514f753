import { readFileSync } from 'node:fs';
import { useCognito } from '../../support/stand-in/cognito-fixture.ts';
import type { Behaviour } from './behaviour.ts';
import { accountBehaviours } from './behaviour-account.ts';
import { authorizeBehaviours } from './behaviour-authorize.ts';
import { claimBehaviours } from './behaviour-claims.ts';
import { pageBehaviours } from './behaviour-pages.ts';
import { poolBehaviours } from './behaviour-pool.ts';
import { tokenBehaviours } from './behaviour-token.ts';

const sections: [title: string, behaviours: Behaviour[]][] = [
  ['Authorize', authorizeBehaviours],
  ['Token', tokenBehaviours],
  ['What is in a token', claimBehaviours],
  ['userInfo, revoke, and settings of a client', accountBehaviours],
  ['Sign-in pages and logout', pageBehaviours],
  ['The pool', poolBehaviours],
];

for (const [title, behaviours] of sections)
  describe(title, () => {
    for (const [name, source, send, back, pool] of behaviours)
      describe(name, () => {
        const cognito = useCognito(pool);
        test(`(${source})`, async () => {
          expect(await send(cognito)).toEqual(back);
        });
      });

    test('docs/stand-in.md lists exactly these behaviours, each with its source', () => {
      const rows = behaviours.map(([name, source]) => `| ${name} | ${source} |\n`);
      const page = readFileSync('docs/stand-in.md', 'utf8');
      const start = page.indexOf(`### ${title}\n`);
      const end = page.indexOf('\n\n', page.indexOf('|---|---|', start)) + 1;
      expect(page.slice(start, end)).toBe(`### ${title}\n\n| Behaviour | Source |\n|---|---|\n${rows.join('')}`);
    });
  });

test('No behaviour is listed twice', () => {
  const names = sections.flatMap(([, behaviours]) => behaviours.map(([name]) => name));
  expect(new Set(names).size).toBe(names.length);
});
