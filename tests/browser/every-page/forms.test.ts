import { jest } from '@jest/globals';
import { answerCalls } from '../../support/browser/answer-calls.ts';
import { type Prepare, state, useScene } from '../../support/browser/states.ts';

// A browser test on a busy machine takes longer than a unit test.
jest.setTimeout(180_000);

/** Calls the tool of the page, whose fields take text. */
const call =
  (result: object, headers?: Record<string, string>): Prepare =>
  async (page) => {
    await answerCalls(page, result, headers);
    for (const field of ['repo', 'title']) await page.getByLabel(new RegExp(`^${field}`)).fill('acme/website');
    await page.getByLabel('Send labels').check();
    await page.getByRole('button', { name: 'Add to labels' }).click();
    await page.getByRole('button', { name: 'Call create_issue' }).click();
    await page.getByRole('region', { name: 'Answer' }).waitFor();
  };
const tryIssue = '/servers/github/tools/create_issue/try';
const refusal = {
  error: { code: -32003, message: 'Not allowed: you need the group x.', data: { reason: 'not_permitted' } },
};

const states = [
  state('The form to make a set', '/register?kind=set'),
  state('The form to edit a set', '/servers/daily/edit'),
  state('The form to try a tool', tryIssue),
  state('The arguments of a tool as JSON', tryIssue, {
    prepare: async (page) => await page.getByText('JSON', { exact: true }).first().click(),
  }),
  state('The answer of a tool', tryIssue, {
    prepare: call({ result: { content: [{ type: 'text', text: `Opened #318.\n${'x'.repeat(2_000)}` }] } }),
  }),
  state('A refused call', tryIssue, {
    prepare: call(refusal, { 'X-Deny-Code': 'not_permitted', 'X-Request-Id': 'abc' }),
  }),
  state('The question before a tool that may destroy', '/servers/github/tools/delete_branch/try', {
    prepare: async (page) => {
      for (const field of ['repo', 'branch']) await page.getByLabel(new RegExp(`^${field}`)).fill('acme/website');
      await page.getByRole('button', { name: 'Call delete_branch' }).click();
      await page.getByRole('dialog').waitFor();
    },
  }),
  state('The form to register a server', '/register'),
  state('The form to edit a server', '/servers/github/edit'),
  state('The form to edit the server of the gateway', '/servers/mcpgw/edit'),
  state('The question before a server is deleted', '/servers/github/delete'),
  state('The form that names the owner of a server', '/servers/github/owner'),
  state('The kitchen sink', '/static/kitchen-sink'),
];

const { expectUsable } = useScene({ isLong: true });

test.each(states)('$what: everyone can use it, in every theme and width, and nothing moves', expectUsable);
