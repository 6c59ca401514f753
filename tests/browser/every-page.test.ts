import { jest } from '@jest/globals';
import type { Browser, Page } from 'playwright-core';
import { answerCalls } from '../support/browser/answer-calls.ts';
import { launchBrowser } from '../support/browser/browser.ts';
import { expectFit, inContext } from '../support/browser/fit.ts';
import { longName, type Scene, startScene } from '../support/browser/scene.ts';
import { boss, clerk, healthOf } from '../support/browser/scene-data.ts';
import { stranger, user } from '../support/registry/registry-fixture.ts';

// A browser test on a busy machine takes longer than a unit test.
jest.setTimeout(180_000);

let browser: Browser;
let scene: Scene;
let many: Scene;
beforeAll(async () => {
  browser = await launchBrowser();
  [scene, many] = [await startScene({ isLong: true }), await startScene({ more: 491 })];
});
afterAll(async () => {
  await browser?.close();
  await Promise.all([scene?.close(), many?.close()]);
});

type Prepare = (page: Page) => Promise<unknown>;
interface State {
  what: string;
  path: string;
  who?: object;
  prepare?: Prepare;
}
const state = (what: string, path: string, more: Partial<State> = {}): State => ({ what, path, ...more });

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
const openPalette =
  (text: string): Prepare =>
  async (page) => {
    await page.getByRole('button', { name: 'Search or go to' }).click();
    await page.getByRole('option', { name: 'My rights' }).waitFor();
    await page.keyboard.type(text);
  };
const tryIssue = '/servers/github/tools/create_issue/try';
const refusal = {
  error: { code: -32003, message: 'Not allowed: you need the group x.', data: { reason: 'not_permitted' } },
};

const states: State[] = [
  state('The list', '/'),
  state('The list of a user', '/', { who: user }),
  state('The list without servers', '/', { who: stranger }),
  state('A search that finds servers and tools', '/?q=time'),
  state('A search that only tools answer', '/?q=convert'),
  state('A search that finds nothing', '/?q=zzzz'),
  state('The servers that need attention', '/?show=issues'),
  state('The disabled servers', '/?show=disabled'),
  state('The servers to review', '/?show=review'),
  state('The servers with a tag, by name', '/?tag=work&sort=name'),
  state('A filter that fits no server', '/?show=disabled', { who: user }),
  state('The tools of a server', '/servers/github'),
  state('A server at which one has an account', '/servers/notion'),
  state('A server at which one’s account does not count any more', '/servers/atlassian'),
  state('A server that needs one’s account', '/servers/pagerduty'),
  state('The tools of a server for a user', '/servers/github', { who: user }),
  state('The tools that fit a filter', '/servers/github?find=issue'),
  state('A filter that fits no tool', '/servers/github?find=zzzz'),
  state('Changed and new tools', '/servers/currenttime'),
  state('How to connect', '/servers/github/connect'),
  state('How to connect another client', '/servers/github/connect?client=cursor'),
  state('How an agent connects', '/servers/github/connect?client=agent'),
  state('How to connect to a server whose tools one may not call', '/servers/currenttime/connect', { who: clerk }),
  state('Who may use a server', '/servers/github/access'),
  state('The health of a server', '/servers/github/health'),
  state('The health of a week', '/servers/github/health?span=week'),
  state('The history of a server', '/servers/github/history'),
  state('The changes of all servers', '/servers/-/history'),
  state('A disabled server', '/servers/reports'),
  state('How to connect to a disabled server', '/servers/reports/connect'),
  state('A server that is down', '/servers/postgres'),
  state('The health of a server that is down', '/servers/postgres/health'),
  state('A server that needs authentication', '/servers/notion'),
  state('A server with the longest names', `/servers/${longName}`),
  state('A set', '/servers/daily'),
  state('A set for a person who may see some of its servers', '/servers/daily', { who: user }),
  state('How to connect to a set', '/servers/daily/connect'),
  state('Who may open a set', '/servers/daily/access'),
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
  state('My rights', '/rights'),
  state('My rights on the servers that were found', '/rights?find=time', { who: clerk }),
  state('My rights, which are few', '/rights', { who: clerk }),
  state(
    'A refusal that is explained',
    '/rights?kind=group&who=mcp-registry-user&server=github&method=tools/call&object=x',
  ),
  state(
    'An allowance that is explained',
    '/rights?kind=group&who=mcp-registry-admin&server=github&method=tools/call&object=x',
  ),
  state('My account', '/account'),
  state('My account without a client', '/account', { who: user }),
  state('The question before all clients end', '/account/end?all=clients'),
  state('The people for whom a client acts', '/people?client=x'),
  state('The clients of all people', '/people/clients'),
  state('What administrators have ended', '/people/ended'),
  state('What acts as a person', '/people/Y29nbml0byBkYXZl'),
  state(
    'The question before all accounts of a person are disconnected',
    '/people/end?person=Y29nbml0byBkYXZl&all=accounts',
  ),
  state('The question before all access of a person ends', '/people/end?person=Y29nbml0byBkYXZl&all=everything'),
  state('The audit', '/audit'),
  state('The audit without a decision that fits', '/audit?person=no-such-person'),
  state('A refused decision', '/audit/c-0-23'),
  state('An allowed decision', '/audit/c-0-24'),
  state('The form to register a server', '/register'),
  state('The form to edit a server', '/servers/github/edit'),
  state('The form to edit the server of the gateway', '/servers/mcpgw/edit'),
  state('The question before a server is deleted', '/servers/github/delete'),
  state('The command palette', '/', { prepare: openPalette('') }),
  state('What the command palette finds', '/servers/github', { prepare: openPalette('i') }),
  state('A page that does not exist', '/nowhere'),
  state('A page that is not for this person', '/audit', { who: user }),
  state('The kitchen sink', '/static/kitchen-sink'),
];

/** Opens a page of the registry in a browser behind the gateway. */
async function open(at: Scene, { path, who = boss, prepare }: State): Promise<void> {
  await inContext(await browser.newContext({ viewport: { width: 1440, height: 900 } }), async (page, watched) => {
    await page.context().setExtraHTTPHeaders(await at.headersOf(who));
    await page.goto(at.url + path);
    await prepare?.(page);
    await expectFit(page, watched);
  });
}

test.each(states)('$what: everyone can use it, in every theme and width, and nothing moves', async (each) => {
  await open(scene, each);
});

test.each([state('The list of 505 servers', '/'), state('Its last page', '/?page=11')])(
  '$what: everyone can use it, in every theme and width, and nothing moves',
  async (each) => {
    await open(many, each);
  },
);

test('Live updates of a row move nothing', async () => {
  await inContext(
    await browser.newContext({ viewport: { width: 1440, height: 900 } }),
    async (page, { shift, complaints }) => {
      await page.context().setExtraHTTPHeaders(await scene.headersOf(boss));
      const live = page.waitForResponse((answer) => new URL(answer.url()).pathname === '/-/live');
      await page.goto(scene.url);
      await live;
      scene.setHealth('weather', healthOf('weather', 456, new Date()));
      await page.locator('#row-weather').getByText('456 ms').waitFor();
      const broken = { ...healthOf('postgres', null, new Date()), error: 'It closed the connection.' };
      scene.setHealth('postgres', broken);
      await page.locator('#row-postgres').getByText('It closed the connection.').waitFor();
      expect([await shift(), complaints]).toEqual([[], []]);
    },
  );
});
