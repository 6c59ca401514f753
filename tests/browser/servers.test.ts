import { setTimeout as sleep } from 'node:timers/promises';
import { jest } from '@jest/globals';
import type { Browser, Page } from 'playwright-core';
import { launchBrowser } from '../support/browser/browser.ts';
import { openAs, type Visit } from '../support/browser/visit.ts';
import { type Gateway, startGateway } from '../support/gateway/gateway.ts';
import { send } from '../support/gateway/send.ts';

// A browser test on a busy machine takes longer than a unit test.
jest.setTimeout(400_000);

let gateway: Gateway;
let browser: Browser;
const visits: Visit[] = [];

beforeAll(async () => {
  [gateway, browser] = await Promise.all([startGateway({}, [], { processes: ['registry'] }), launchBrowser()]);
});
afterAll(() => Promise.all([browser?.close(), gateway?.stop()]));
afterEach(async () => {
  for (const { context } of visits.splice(0)) await context.close();
});

async function open(person: string, path = '/'): Promise<Visit> {
  const visit = await openAs(browser, gateway, person);
  visits.push(visit);
  await visit.page.goto(gateway.url + path);
  return visit;
}

/** A server on a busy machine answers slowly. */
const isHealthy = /^Healthy(, slow)?$/;
const card = (page: Page, name: string) => page.locator(`#row-${name}`);

/** Makes the registry check a server, as another person than the one who has the page open. */
async function check(name: string): Promise<void> {
  const headers = {
    cookie: await gateway.sessionCookie('dave'),
    'content-type': 'application/json',
    origin: gateway.url,
  };
  const path = `/api/servers/${name}/check`;
  expect((await send(gateway.ports.gateway, { method: 'POST', path, headers })).status).toBe(200);
}

test('Open pages show without a reload that a server goes down, and that it is back', async () => {
  const list = await open('alice');
  const tools = await open('alice', '/servers/currenttime');
  const details = await open('alice', '/servers/currenttime/health');
  for (const { page } of [list, tools, details]) await page.evaluate('window.isTheSamePage = true');
  // The chart appears once checks are recorded, which happens every five seconds.
  const chart = details.page.getByText('As a table').first();
  await chart.waitFor();
  await check('currenttime');
  await card(list.page, 'currenttime').getByText('Healthy').waitFor();
  await tools.page.getByText('current_time_by_timezone').filter({ visible: true }).first().waitFor();
  await tools.page.locator('#tool-current_time_by_timezone > summary').click();

  await chart.click();
  await gateway.kill('currenttime');
  // A single failure does not make the server unhealthy.
  await check('currenttime');
  await card(list.page, 'currenttime').getByText('The last check failed.').waitFor();
  await check('currenttime');
  await card(list.page, 'currenttime').getByText('Unhealthy').waitFor();
  await details.page.locator('#server-state').getByText('Unhealthy').waitFor();
  await details.page.locator('#server-state').getByText('Nothing listens at its address.').first().waitFor();

  await gateway.revive('currenttime');
  await check('currenttime');
  await card(list.page, 'currenttime').getByText(isHealthy).waitFor();
  await details.page.locator('#server-state').getByText(isHealthy).waitFor();
  // A section that the user has opened stays open.
  expect(await details.page.locator('#server-health details[open]').count()).toBe(1);
  expect(await tools.page.locator('#server-tools .tool[open]').count()).toBe(1);
  for (const { page } of [list, tools, details]) expect(await page.evaluate('window.isTheSamePage')).toBe(true);
  expect([list.complaints, tools.complaints, details.complaints]).toEqual([[], [], []]);
});

test('A page whose scripts arrive slowly, one after the other, still gets live updates', async () => {
  const { context, page } = await openAs(browser, gateway, 'alice');
  let scripts = 0;
  await context.route('**/static/*.js', async (route) => {
    scripts += 1;
    await sleep(scripts * 300);
    await route.continue();
  });
  const live = page.waitForResponse((response) => new URL(response.url()).pathname === '/-/live');
  await page.goto(`${gateway.url}/`);
  expect((await live).status()).toBe(200);
  await context.close();
});

test('dave disables a server with its switch on the list, returns to his filter, and enables the server again', async () => {
  const { page, complaints } = await open('dave', '/?show=enabled');
  const other = await open('carol');
  const alice = await open('alice');
  await card(page, 'fininfo').getByRole('switch').click();
  await page.getByText('“fininfo” is disabled.').waitFor();
  expect(new URL(page.url()).searchParams.get('show')).toBe('enabled');
  expect(await card(page, 'fininfo').count()).toBe(0);
  await card(other.page, 'fininfo').locator('.state.disabled').waitFor();

  await page.getByRole('link', { name: /^Out of service/ }).click();
  expect(await card(page, 'fininfo').getByRole('switch').getAttribute('aria-checked')).toBe('false');
  // A page that stayed open gets the server's new revision in its forms too.
  await alice.page.locator('#row-fininfo').locator('.state.disabled').waitFor();
  const revisionOn = (on: Page) => on.locator('#row-fininfo input[name=revision]').inputValue();
  expect(await revisionOn(alice.page)).toBe(await revisionOn(page));
  await card(page, 'fininfo').getByRole('link', { name: 'fininfo', exact: true }).click();
  await page.getByText('it has no address behind the gateway').waitFor();
  await page.getByRole('switch').click();
  await page.getByText('“fininfo” is enabled.').waitFor();
  expect(new URL(page.url()).pathname).toBe('/servers/fininfo');
  expect(complaints).toEqual([]);
});

const shown: [string, places: string[], onCard: string[], onPage: string[]][] = [
  [
    'alice',
    ['Servers', 'Access', 'Audit', 'Usage', 'People'],
    ['switch', 'check', 'edit'],
    ['switch', 'check', 'edit', 'delete'],
  ],
  ['dave', ['Servers', 'My rights'], ['switch', 'check'], ['switch', 'check']],
  ['carol', ['Servers', 'My rights'], ['check'], ['check']],
  ['bob', ['Servers', 'My rights'], [], []],
];

test.each(shown)('%s sees only the buttons that work for them', async (person, places, onCard, onPage) => {
  const { page } = await open(person);
  expect(await page.getByRole('navigation', { name: 'Main' }).getByRole('link').allInnerTexts()).toEqual(places);
  expect(await buttonsIn(page, '#row-currenttime')).toEqual(onCard);
  await page.goto(`${gateway.url}/servers/currenttime`);
  expect(await buttonsIn(page, '.server-head')).toEqual(onPage);
  const links = [
    '/',
    ...places.flatMap(
      (place) =>
        ({ 'My rights': '/rights', Access: '/access', Audit: '/audit', Usage: '/usage', People: '/people' })[place] ??
        [],
    ),
  ];
  await page.goto(gateway.url);
  const mayRegister = person === 'alice' || person === 'carol';
  expect(await page.getByRole('link', { name: 'Register a server' }).count()).toBe(mayRegister ? 1 : 0);
  if (mayRegister) links.push('/register');
  if (onPage.includes('edit')) links.push('/servers/currenttime/edit');
  if (onPage.includes('delete')) links.push('/servers/currenttime/delete');
  for (const link of links) expect([link, (await page.goto(gateway.url + link))?.status()]).toEqual([link, 200]);
  await page.goto(`${gateway.url}/servers/currenttime`);
  if (onPage.includes('check')) {
    await page.getByRole('button', { name: /^Check now/ }).click();
    await page.getByText(/“currenttime” answers, with \d+ tools?\./).waitFor();
  }
  for (const said of onPage.includes('switch') ? ['is disabled', 'is enabled'] : []) {
    await page.getByRole('switch').click();
    await page.getByText(`“currenttime” ${said}.`).waitFor();
  }
});

async function buttonsIn(page: Page, within: string): Promise<string[]> {
  const place = page.locator(within);
  const all = {
    switch: place.getByRole('switch'),
    check: place.getByRole('button', { name: /^Check now/ }),
    edit: place.getByRole('link', { name: /^Edit/ }),
    delete: place.getByRole('link', { name: 'Delete…', includeHidden: true }),
  };
  const found: string[] = [];
  for (const [name, locator] of Object.entries(all)) if ((await locator.count()) > 0) found.push(name);
  return found;
}

test('erin, who is in no group, sees no server and no button, and reads why', async () => {
  const { page } = await open('erin');
  await page.getByRole('heading', { name: 'There is no server that you may see' }).waitFor();
  expect(await page.getByRole('switch').count()).toBe(0);
  expect((await page.goto(`${gateway.url}/servers/currenttime`))?.status()).toBe(404);
});

test("A person who may change a server sees everyone's rights on it, and bob sees only his own", async () => {
  const rows = async (person: string) => {
    const { page } = await open(person, '/servers/currenttime/access');
    return (await page.locator('.access tbody th').allTextContents()).map((text) => text.replace(/\s+/g, ' ').trim());
  };
  expect(await rows('alice')).toEqual(
    expect.arrayContaining([
      'people in mcp-registry-admin by rules for *',
      'people in mcp-registry-operator by rules for currenttime',
      'agents with mcp-servers-restricted/execute by rules for currenttime',
    ]),
  );
  expect(await rows('bob')).toEqual(['people in mcp-registry-user by rules for currenttime']);
});

test('The search finds servers and the tools that the user may call, and reports when nothing matches', async () => {
  const { page } = await open('alice');
  await check('currenttime');
  await page.getByRole('searchbox').fill('what time is it in a timezone');
  await page.getByRole('searchbox').press('Enter');
  await page.getByRole('heading', { name: 'Tools that you may call' }).waitFor();
  await page.getByRole('link', { name: 'current_time_by_timezone' }).first().waitFor();
  await page.goto(`${gateway.url}/?q=zzzzzz`);
  await page.getByText('No server that you may see has “zzzzzz”').waitFor();
  await page.getByText('No tool that you may call does that.').waitFor();
});

test('A page that stays open reports that the user has signed out elsewhere and that it no longer updates', async () => {
  const { page, context } = await open('carol');
  await card(page, 'currenttime').waitFor();
  const other = await context.newPage();
  await other.goto(gateway.url);
  await other.locator('.person > summary').click();
  await other.getByRole('button', { name: 'Sign out' }).click();
  await other.waitForURL(`${gateway.url}/login`);
  await page.bringToFront();
  // A stream lasts up to a minute. A restart of the registry ends it at once.
  await gateway.kill('registry');
  await gateway.revive('registry');
  await page.getByText('You are signed out, so this page no longer updates.').waitFor({ timeout: 90_000 });
});
