import { jest } from '@jest/globals';
import { state, useScene } from '../../support/browser/states.ts';
import { admin } from '../../support/registry/registry-fixture.ts';

// A browser test on a busy machine takes longer than a unit test.
jest.setTimeout(180_000);

const github = '/access/give?server=github';
const give = `${github}&to=group:mcp-registry-user&tool=create_issue`;
const watcher = { ...admin, sub: 'walt', username: 'walt', groups: [], scopes: ['watcher'] };
const states = [
  state('Who may call what', '/access'),
  state('Who may destroy what', '/access?show=destroys'),
  state('What ends by itself', '/access?show=ends'),
  state('What a person may call', '/access?q=alice'),
  state('A search that finds no access', '/access?q=zzzz'),
  state('Who may call what, for a person who only sees it', '/access', { who: watcher }),
  state('An allowance that the policy names', '/access?who=mcp-registry-admin&tool=delete_branch&server=github'),
  state('A refusal that the policy names', '/access?who=mcp-registry-user&tool=delete_branch&server=GitHub'),
  state('A question that names too little', '/access?who=strangers&tool=x&server=github'),
  state('The choice of a server to give access to', '/access/give'),
  state('A server that is not there', '/access/give?server=nowhere'),
  state('The form to give access', github),
  state('What giving access would change', give),
  state('A request that is answered by giving', '/access', {
    prepare: async (page) => {
      await page.getByRole('link', { name: /the request of carol/ }).click();
      await page
        .getByRole('link', { name: /^Give access…/ })
        .first()
        .click();
      await page.getByText('carol asks for').waitFor();
    },
  }),
  state('The form to take access away', '/access/take?server=github&from=group:mcp-registry-support'),
  state('The changes of the policy', '/access/changes'),
  state('A version of the policy', '/access/changes/2'),
  state('The first version of the policy', '/access/changes/1'),
  state('The question before one goes back', '/access/changes/2/back'),
  state('A change that waits for a second editor', '/access/changes/proposals/1'),
  state('The policy file that has changed', '/access/changes/drift'),
];

const { expectUsable } = useScene({ isLong: true });

test.each(states)('$what: everyone can use it, in every theme and width, and nothing moves', expectUsable);
