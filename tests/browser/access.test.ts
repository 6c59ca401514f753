import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { jest } from '@jest/globals';
import type { Browser, Page } from 'playwright-core';
import { type Desk, newDesk } from '../support/agents/agents-fixture.ts';
import { launchBrowser } from '../support/browser/browser.ts';
import { expectFit, inContext } from '../support/browser/fit.ts';
import { openAs } from '../support/browser/visit.ts';
import { type Gateway, startGateway } from '../support/gateway/gateway.ts';
import { rpc, send } from '../support/gateway/send.ts';
import { answerSoon } from '../support/listen.ts';
import { startChangingServer } from '../support/servers/changing-server.ts';

// A browser test on a busy machine takes longer than a unit test.
jest.setTimeout(180_000);

const tool = (name: string, annotations: object, properties = {}) => ({
  ...{ name, description: `${name} in the notes`, annotations, inputSchema: { type: 'object', properties } },
});
const tools = [
  tool('find', { readOnlyHint: true }),
  tool('read', { readOnlyHint: true }),
  tool('write', { readOnlyHint: false, destructiveHint: false }, { book: { type: 'string' } }),
];

let gateway: Gateway;
let browser: Browser;
let notes: Server;
let alice: Desk;
let bob: string;
beforeAll(async () => {
  [notes, browser] = await Promise.all([startChangingServer(() => tools), launchBrowser()]);
  const settings = { POLICY_EDITABLE: 'true', ALLOW_PRIVATE_UPSTREAMS: '127.0.0.0/8' };
  gateway = await startGateway(settings);
  alice = newDesk({ REGISTRY_URL: gateway.url, COGNITO_LOCAL_ENDPOINT: `http://127.0.0.1:${gateway.ports.cognito}` });
  await alice.logIn('alice');
  bob = await gateway.sessionCookie('bob');
}, 180_000);
afterAll(async () => {
  alice?.remove();
  await browser?.close();
  await gateway?.stop();
  notes?.closeAllConnections();
  await new Promise((resolve) => notes?.close(resolve));
});

/** Whether bob may call a tool of Notes. */
const bobMay = async (name: string) => {
  const accept = 'application/json, text/event-stream';
  const headers = { cookie: bob, origin: gateway.url, 'content-type': 'application/json', accept };
  const body = rpc('tools/call', { name });
  const answer = await send(gateway.ports.gateway, { path: '/notes/mcp', headers, body });
  return JSON.parse(answer.body).error?.data?.reason ?? 'allowed';
};
const mayAll = async () => await Promise.all(['find', 'read', 'write'].map(bobMay));
const readsOnly = ['allowed', 'allowed', 'not_permitted'];
const nothing = ['not_permitted', 'not_permitted', 'not_permitted'];

const apply = async (page: Page, why: string) => {
  await page.getByLabel('Why').fill(why);
  await page.getByRole('button', { name: 'Apply', exact: true }).click();
};
const group = 'mcp-registry-user';

test('Register Notes, give a group its read-only tools, and take them back: by the pages, and by the command for git', async () => {
  const { page, context, complaints } = await openAs(browser, gateway, 'alice');
  await page.goto(`${gateway.url}/register`);
  await page.getByLabel('Address').fill(`http://127.0.0.1:${(notes.address() as AddressInfo).port}/mcp`);
  await page.getByRole('button', { name: 'Test connection' }).click();
  await page.getByText('It works.').waitFor();
  for (const [id, value] of Object.entries({ title: 'Notes', name: 'notes', description: 'Notes of the team' }))
    await page.locator(`#${id}`).fill(value);
  await page.getByRole('button', { name: 'Register', exact: true }).click();
  await page.getByText('is registered.').waitFor();
  await answerSoon(mayAll, nothing);

  await page.getByRole('link', { name: 'Give access…' }).first().click();
  // The tools that only read are chosen; the preview comes by itself.
  await page.getByLabel('Group or agent').selectOption(group);
  await page.getByText(`People in ${group}`).first().waitFor();
  const preview = page.getByRole('complementary', { name: 'What would change' });
  expect(await preview.innerText()).toMatch(/may now call find and read on notes/);
  await apply(page, 'They read the notes.');
  await page.getByText(`${group} may use Notes.`).waitFor();
  // The page after it shows the new policy.
  await page.getByTitle('user: 2 of 3 tools: find and read').waitFor();
  const sprite = await page.locator('[data-find]').getAttribute('data-find');
  expect(sprite).toMatch(/icons.*\.svg$/);
  expect(await answerSoon(mayAll, readsOnly)).toEqual(readsOnly);
  const given = (await alice.run(['policy', 'export'])).out;

  await page.goto(`${gateway.url}/servers/notes/access`);
  await page.getByRole('link', { name: `Take away… from ${group}`, exact: true }).click();
  await apply(page, 'Not needed.');
  await page.getByText(`Taken from ${group}: Notes.`).waitFor();
  expect(await answerSoon(mayAll, nothing)).toEqual(nothing);

  const imported = await alice.run(['policy', 'import', alice.file('given.yml', given), '--why', 'As in git.']);
  expect(imported.code).toBe(0);
  expect(await answerSoon(mayAll, readsOnly)).toEqual(readsOnly);
  await page.goto(`${gateway.url}/access/changes`);
  const changes = await page.locator('main').innerText();
  for (const why of ['As in git.', 'Not needed.', 'They read the notes.']) expect(changes).toContain(why);
  expect(complaints.filter((line) => !line.startsWith('Failed to load resource'))).toEqual([]);
  await context.close();
});

test('Without a script: give with a limit, after a preview, and undo it in one press', async () => {
  const before = (await alice.run(['policy', 'export'])).out;
  const { page, context } = await openAs(browser, gateway, 'alice', { javaScriptEnabled: false });
  await page.goto(`${gateway.url}/access/give?server=notes&to=group:${group}&tool=write`);
  await page.getByRole('button', { name: 'Limit an argument of write' }).click();
  await page.getByLabel('Argument of write, limit 1').selectOption('book');
  await page.getByRole('button', { name: 'Preview' }).click();
  await page.getByText('Write at least one value').first().waitFor();
  await page.getByLabel('Values of write, limit 1').fill('inbox, team/*');
  await page.getByLabel('30 days').check();
  await page.getByLabel('Why').fill('For the inbox.');
  await page.getByRole('button', { name: 'Preview' }).click();
  await page.getByText('may now call write on notes, when book is').first().waitFor();
  expect(await page.getByLabel('Why').inputValue()).toBe('For the inbox.');
  await page.getByRole('button', { name: 'Apply', exact: true }).click();
  await page.getByText(`${group} may use Notes.`).waitFor();
  await page.getByRole('button', { name: 'Undo' }).click();
  await page.getByText('The policy is as it was in version').waitFor();
  expect((await alice.run(['policy', 'export'])).out).toBe(before);
  await context.close();
});

test('The arrows lead through the table of access, and the tab key passes it in one step', async () => {
  const { page, context } = await openAs(browser, gateway, 'alice');
  await page.goto(`${gateway.url}/access`);
  const focused = () => page.evaluate('document.activeElement.title || document.activeElement.textContent.trim()');
  await page.locator('.matrix tbody a').first().focus();
  await page.keyboard.press('ArrowRight');
  expect(await focused()).toMatch(/^admin: all tools/);
  await page.keyboard.press('ArrowDown');
  expect(await focused()).toMatch(/^admin: all tools/);
  await page.keyboard.press('Tab');
  expect(await page.evaluate('document.activeElement.closest(".matrix") === null')).toBe(true);
  await context.close();
});

/** Opens a page for alice, in a state in which everyone must be able to use it. */
const states: [string, string, (page: Page) => Promise<unknown>][] = [
  [
    'A limit that lacks its value',
    `/access/give?server=notes&to=group:${group}&tool=write`,
    async (page) => {
      await page.getByRole('button', { name: 'Limit an argument of write' }).click();
      await page.getByLabel('Argument of write, limit 1').selectOption('book');
      await page.getByLabel('A person approves each call of write').check();
      await page.getByRole('button', { name: 'Preview' }).click();
      await page.getByRole('alert').waitFor();
    },
  ],
  [
    'An applied form without a reason',
    `/access/give?server=notes&to=group:${group}&tool=write`,
    async (page) => {
      await page.getByRole('button', { name: 'Apply', exact: true }).click();
      await page.getByRole('alert').waitFor();
    },
  ],
  [
    'A change that came second',
    `/access/give?server=notes&to=group:${group}&tool=write`,
    async (page) => {
      await page.getByLabel('Why').fill('They write.');
      const now = (await alice.run(['policy', 'export'])).out;
      const other = now.replace('    list_service: [all]\n    health', '    list_service: [notes]\n    health');
      expect(other).not.toBe(now);
      const { code } = await alice.run(['policy', 'import', alice.file('other.yml', other), '--why', 'meanwhile']);
      expect(code).toBe(0);
      await page.getByRole('button', { name: 'Apply', exact: true }).click();
      await page.getByText('This is what it would change.').waitFor();
      await page.getByRole('button', { name: 'Apply', exact: true }).click();
      await page.getByText('Another person has changed the policy meanwhile.').waitFor();
    },
  ],
];

test.each(states)('%s: everyone can use it, in every theme and width', async (_what, path, prepare) => {
  const context = await browser.newContext({ viewport: { width: 1440, height: 900 } });
  await inContext(context, async (page, watched) => {
    const [name = '', value = ''] = (await gateway.sessionCookie('alice')).split(/=(.*)/s);
    await context.addCookies([{ name, value, url: gateway.url, httpOnly: true, sameSite: 'Lax' }]);
    await page.goto(gateway.url + path);
    await prepare(page);
    await expectFit(page, watched);
  });
});
