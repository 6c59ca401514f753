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
      const bySource = Map.groupBy(behaviours, ([, source]) => source);
      const lists = [...bySource].map(
        ([source, all]) => `${source}:\n\n${all.map(([name]) => `- ${name}\n`).join('')}\n`,
      );
      const [, section = ''] = readFileSync('docs/stand-in.md', 'utf8').split(`### ${title}\n\n`);
      expect(section.split(/^##/m)[0]).toBe(lists.join(''));
    });
  });

test('No behaviour is listed twice', () => {
  const names = sections.flatMap(([, behaviours]) => behaviours.map(([name]) => name));
  expect(new Set(names).size).toBe(names.length);
});
