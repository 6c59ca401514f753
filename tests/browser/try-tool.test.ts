import { jest } from '@jest/globals';
import type { Browser, Page } from 'playwright-core';
import { launchBrowser } from '../support/browser/browser.ts';
import { openAs, type Visit } from '../support/browser/visit.ts';
import { type Everything, startEverything } from '../support/gateway/everything.ts';
import { type Gateway, startGateway } from '../support/gateway/gateway.ts';
import { send } from '../support/gateway/send.ts';

// A browser test on a busy machine takes longer than a unit test.
jest.setTimeout(400_000);

let gateway: Gateway;
let browser: Browser;
let everything: Everything;
const visits: Visit[] = [];

beforeAll(async () => {
  [everything, browser] = await Promise.all([startEverything('streamableHttp'), launchBrowser()]);
  const about = { title: 'Everything', description: 'The reference server', tags: [] };
  const transports = { 'streamable-http': '/mcp' };
  gateway = await startGateway({}, [{ name: 'everything', ...about, upstream: everything.url, transports }]);
  for (const name of ['currenttime', 'everything']) await check(name);
});
afterAll(async () => {
  await browser?.close();
  await Promise.all([gateway?.stop(), everything?.stop()]);
});
afterEach(async () => {
  for (const { context } of visits.splice(0)) await context.close();
});

async function check(name: string): Promise<void> {
  const cookie = await gateway.sessionCookie('alice');
  const headers = { cookie, 'content-type': 'application/json', origin: gateway.url };
  const path = `/api/servers/${name}/check`;
  expect((await send(gateway.ports.gateway, { method: 'POST', path, headers })).status).toBe(200);
}

async function open(person: string, path: string): Promise<Visit> {
  const visit = await openAs(browser, gateway, person);
  visits.push(visit);
  visit.context.setDefaultTimeout(60_000);
  await visit.page.goto(gateway.url + path);
  return visit;
}

const call = (page: Page, tool: string) =>
  page
    .getByRole('button', { name: `Call ${tool}` })
    .first()
    .click();
const answerOf = (page: Page) => page.getByRole('region', { name: 'Answer' }).locator('code');

test('A person calls a stateless tool from its page, through the gate, and finds the decision in the audit', async () => {
  const { page, complaints } = await open('alice', '/servers/currenttime');
  await page.locator('#tool-current_time_by_timezone > summary').click();
  await page.getByRole('link', { name: /^Try it ?: current_time_by_timezone$/ }).click();
  await page.getByLabel(/^tz_name/).fill('Asia/Tokyo');
  await call(page, 'current_time_by_timezone');
  await page.getByText('The tool answered.').waitFor();
  expect(await answerOf(page).textContent()).toMatch(/Tokyo|\+09:00|JST/);
  await page.getByText('Request', { exact: true }).click();
  expect(await answerOf(page).textContent()).toContain('MCP-Protocol-Version: 2026-07-28');
  await page.getByText(/Allowed by mcp-servers-unrestricted/).waitFor();
  await page.getByRole('link', { name: 'See it in the audit' }).click();
  await page.getByRole('heading', { name: 'current_time_by_timezone on currenttime' }).waitFor();
  expect(complaints).toEqual([]);
});

test('A person calls tools of a server with sessions, sees progress, and can cancel', async () => {
  const { page, complaints } = await open('alice', '/servers/everything/tools/get-tiny-image/try');
  await call(page, 'get-tiny-image');
  await page.getByText('The tool answered.').waitFor();
  expect(await answerOf(page).textContent()).toMatch(/\[image, image\/png, \d+ (?:kB|bytes)\]/);
  expect(await answerOf(page).locator('img').count()).toBe(0);

  await page.goto(`${gateway.url}/servers/everything/tools/trigger-long-running-operation/try`);
  await page.getByLabel(/^duration/).fill('60');
  await page.getByLabel(/^steps/).fill('60');
  await call(page, 'trigger-long-running-operation');
  await page.getByText(/Calling… \d+ of 60/).waitFor();
  await page.getByRole('button', { name: 'Cancel' }).first().click();
  await page.getByText('Cancelled.').waitFor();
  expect(complaints).toEqual([]);
});

test('A person whose rights have gone since the page was made reads the refusal of the gate, and who can help', async () => {
  const { page, context } = await open('carol', '/servers/currenttime/tools/current_time_by_timezone/try');
  await page.getByLabel(/^tz_name/).fill('Asia/Tokyo');
  const [name = '', value = ''] = (await gateway.sessionCookie('bob')).split(/=(.*)/s);
  await context.addCookies([{ name, value, url: gateway.url, httpOnly: true, sameSite: 'Lax' }]);
  await call(page, 'current_time_by_timezone');
  await page.getByText(/The gateway refused it.*: not_permitted\./).waitFor();
  expect(await answerOf(page).textContent()).toMatch(/Not allowed: .* would allow it\. Ask an administrator/);
  await page.getByText(/Request [0-9a-f]{32}/).waitFor();
  // Without view_audit, there is no link to a page that would not open.
  expect(await page.getByRole('link', { name: 'See it in the audit' }).count()).toBe(0);

  await context.clearCookies();
  await call(page, 'current_time_by_timezone');
  await page.getByText('The gateway refused it: credentials_missing.').waitFor();
});
