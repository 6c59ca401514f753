import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { jest } from '@jest/globals';
import type { Browser, Page } from 'playwright-core';
import { accessibility, brokenWords, launchBrowser, tooWide } from '../support/browser/browser.ts';
import { openAs, type Visit } from '../support/browser/visit.ts';
import { type Gateway, startGateway } from '../support/gateway/gateway.ts';
import { rpc, send } from '../support/gateway/send.ts';
import { until } from '../support/listen.ts';

jest.setTimeout(180_000);

const folder = mkdtempSync(join(tmpdir(), 'approvals-pages-'));
const SCOPES_FILE = join(folder, 'scopes.yml');
writeFileSync(
  SCOPES_FILE,
  `
group_mappings: { mcp-registry-admin: [people], mcp-registry-operator: [people] }
UI-Scopes: { people: { list_service: [all] } }
people:
  - server: echo
    methods: [tools/call]
    tools: [{ name: own, approve: person }, { name: theirs, approve: { groups: [mcp-registry-operator] } }]
  - server: currenttime
    methods: [tools/list, tools/call]
    tools: [{ name: current_time_by_timezone, approve: person }]
`,
);
/** Set `SCREENSHOTS` to a folder to look at the pages. */
const shots = process.env.SCREENSHOTS;
let gateway: Gateway;
let browser: Browser;
let visit: Visit | undefined;
beforeAll(async () => {
  [gateway, browser] = await Promise.all([startGateway({ SCOPES_FILE }), launchBrowser()]);
});
afterEach(async () => {
  await visit?.context.close();
  visit = undefined;
});
afterAll(async () => {
  await browser?.close();
  await gateway?.stop();
  rmSync(folder, { recursive: true });
});

let last = 0;
const longNote = `Dear team, ${'this is a long note that a program has written. '.repeat(8)}\u202eend\u200b`;
/** Asks for a call as alice. @returns the page on which it is approved */
async function ask(tool: string, args: object = {}): Promise<string> {
  const headers = {
    ...{ 'content-type': 'application/json', accept: 'application/json, text/event-stream' },
    cookie: await gateway.sessionCookie('alice'),
  };
  const body = rpc('tools/call', {
    name: tool,
    arguments: { repo: 'acme/website', title: 'Broken link', amount: 12_345_678, labels: ['bug'], ...args, n: ++last },
  });
  const answer = await send(gateway.ports.gateway, { path: '/echo/mcp', headers, body });
  return /http\S+\/approvals\/[\w-]{22}/.exec(answer.body)?.[0] ?? answer.body;
}
async function open(person: string, options: Parameters<typeof openAs>[3] = {}): Promise<Page> {
  visit = await openAs(browser, gateway, person, options);
  return visit.page;
}
async function signIn(page: Page, person: string): Promise<void> {
  await page.getByLabel('Username').fill(person);
  await page.getByLabel('Password').fill('Passw0rd!');
  await page.getByRole('button', { name: 'Sign in' }).click();
}

test('A person reads what their client wants to do, presses Approve, signs in once more, and reads what to do next', async () => {
  const url = await ask('own');
  const page = await open('alice');
  await page.goto(url);
  expect(await page.getByRole('heading', { level: 1 }).innerText()).toBe('You are about to call own on echo');
  expect(await page.locator('pre').innerText()).toContain('"repo": "acme/website"');
  await page.getByRole('button', { name: 'Approve' }).click();
  await signIn(page, 'alice');
  await page.getByRole('heading', { name: 'Approved: own on echo' }).waitFor();
  expect(page.url()).toBe(url);
  await page.getByText('Go back to your client and let it repeat the call.').waitFor();
  expect(visit?.complaints).toEqual([]);
});

test('An operator finds the call in the list and approves it; their own they cannot', async () => {
  await ask('theirs');
  const page = await open('dave');
  await page.goto(`${gateway.url}/approvals`);
  await page.getByRole('link', { name: 'theirs on echo' }).first().click();
  await page.getByRole('heading', { name: /wants to call theirs on echo/ }).waitFor();
  await page.getByRole('button', { name: 'Approve' }).click();
  await signIn(page, 'dave');
  await page.getByRole('heading', { name: 'Approved: theirs on echo' }).waitFor();
  await page.getByText('as a member of mcp-registry-operator').waitFor();
  expect(visit?.complaints).toEqual([]);
});

test('A person who tries a held tool in the registry follows the link, approves, and calls it again', async () => {
  const page = await open('alice');
  const form = `${gateway.url}/servers/currenttime/tools/current_time_by_timezone/try`;
  // The registry knows the tool after its first check of the server.
  expect(await until(async () => (await page.goto(form))?.status() === 200, 60_000)).toBe(true);
  await page.getByLabel(/^tz_name/).fill('Asia/Tokyo');
  const call = () => page.getByRole('button', { name: 'Call current_time_by_timezone' }).first().click();
  await call();
  const opened = page.context().waitForEvent('page');
  await page.getByRole('link', { name: 'Approve it, then call again' }).click();
  const approval = await opened;
  await approval.getByRole('button', { name: 'Approve' }).click();
  await signIn(approval, 'alice');
  await approval.getByRole('heading', { name: 'Approved: current_time_by_timezone on currenttime' }).waitFor();
  await call();
  await page.getByText('The tool answered.').waitFor();
});

test('The page works without JavaScript, and Refuse needs no new sign-in', async () => {
  const url = await ask('own');
  const page = await open('alice', { javaScriptEnabled: false });
  await page.goto(url);
  await page.getByRole('button', { name: 'Refuse' }).click();
  await page.getByRole('heading', { name: 'Refused: own on echo' }).waitFor();
});

test.each([
  ['light', 1440],
  ['dark', 1440],
  ['light', 390],
  ['dark', 390],
] as const)('Everyone can use the pages, in the %s theme and %i pixels wide', async (colorScheme, width) => {
  const urls = [await ask('own', { note: longNote }), await ask('theirs')];
  const page = await open('alice', { colorScheme, viewport: { width, height: 900 } });
  const looks = async (name: string) => {
    if (shots) await page.screenshot({ path: `${shots}/${name}-${colorScheme}-${width}.png`, fullPage: true });
    expect((await accessibility(page)).faults).toEqual([]);
    expect([await tooWide(page), await brokenWords(page)]).toEqual([[], []]);
  };
  await page.goto(urls[0] ?? '');
  expect(await page.locator('pre').innerText()).toContain('\\u{202e}end\\u{200b}');
  await looks('approval');
  await page.goto(urls[1] ?? '');
  await page.getByText('It waits for a member of mcp-registry-operator.').waitFor();
  await looks('approval-of-others');
  await page.goto(`${gateway.url}/approvals`);
  await looks('approvals');
  await page.goto(urls[0] ?? '');
  await page.keyboard.press('Tab');
  while ((await page.evaluate('document.activeElement.textContent')) !== 'Approve') await page.keyboard.press('Tab');
  await page.keyboard.press('Enter');
  await signIn(page, 'alice');
  await page.getByRole('heading', { name: 'Approved: own on echo' }).waitFor();
  await looks('approved');
  await page.goto(`${gateway.url}/approvals/${'x'.repeat(22)}`);
  await page.getByRole('heading', { name: 'No such call waits for you' }).waitFor();
  await looks('no-such-call');
});
