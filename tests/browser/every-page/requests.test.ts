import { jest } from '@jest/globals';
import { clerk } from '../../support/browser/scene-data.ts';
import { state, useScene } from '../../support/browser/states.ts';

// A browser test on a busy machine takes longer than a unit test.
jest.setTimeout(180_000);

const { expectUsable } = useScene({ isLong: true });

const states = [
  state('The requests of an editor', '/requests'),
  state('The requests of a person', '/requests', { who: clerk }),
  state('A request that an editor answers', '/requests', {
    prepare: async (page) => {
      await page.getByRole('link', { name: /asks for access to GitHub/ }).click();
      await page.getByRole('heading', { name: 'Refuse it' }).waitFor();
    },
  }),
  state("A person's own request", '/requests', {
    who: clerk,
    prepare: async (page) => {
      await page.getByRole('link', { name: 'Financial information' }).click();
      await page.getByText('Use the report of the finance team instead').waitFor();
    },
  }),
  state('The choice of a server to ask for', '/requests/new', { who: clerk }),
  state('The form to ask for access', '/requests/new?server=fininfo&tool=stock_aggregates', { who: clerk }),
  state('Tools that fit a search and are not for this person', '/?q=aggregates', { who: clerk }),
  state('A server whose hints do not count yet', '/servers/weather'),
  state('A server with tools that say something else about what they do', '/servers/notes'),
];

test.each(states)('$what: everyone can use it, in every theme and width, and nothing moves', expectUsable);
