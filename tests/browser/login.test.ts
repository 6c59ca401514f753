import { setTimeout as sleep } from 'node:timers/promises';
import { jest } from '@jest/globals';
import type { Browser, BrowserContext, Page } from 'playwright-core';
import { launchBrowser } from '../support/browser/browser.ts';
import { sharedGateway } from '../support/gateway/shared-gateway.ts';

// A browser test on a busy machine takes longer than a unit test.
jest.setTimeout(180_000);

const gateway = await sharedGateway();
let browser: Browser;
let context: BrowserContext;
let page: Page;
let faults: string[];

beforeAll(async () => {
  browser = await launchBrowser();
});
afterAll(() => browser?.close());
beforeEach(async () => {
  context = await browser.newContext();
  context.setDefaultTimeout(90_000);
  page = await context.newPage();
  faults = [];
  page.on('pageerror', (error) => faults.push(String(error)));
  page.on('console', (message) => {
    if (message.type() === 'error') faults.push(message.text());
  });
});
afterEach(() => context.close());

async function signIn(person: string, on: Page = page): Promise<void> {
  await on.getByRole('link', { name: /^Continue with/ }).click();
  await on.getByLabel('Username').fill(person);
  await on.getByLabel('Password').fill('Passw0rd!');
  await on.getByRole('button', { name: 'Sign in' }).click();
}

async function signOut(): Promise<void> {
  await page.locator('.person > summary').click();
  await page.getByRole('button', { name: 'Sign out' }).click();
  await page.waitForURL(`${gateway.url}/login`);
}

test('alice opens the registry, signs in at the stand-in, sees the servers, signs out, and her session is over', async () => {
  await page.goto(`${gateway.url}/`);
  expect(page.url()).toBe(`${gateway.url}/login?redirect_uri=%2F`);
  await signIn('alice');
  await page.waitForURL(`${gateway.url}/`);
  await page.getByText('currenttime').first().waitFor();
  await page.getByText('mcpgw').first().waitFor();
  const session = (await context.cookies()).find((cookie) => cookie.name === 'mcp_gateway_session');
  expect(session).toMatchObject({ httpOnly: true, sameSite: 'Lax', path: '/' });

  await signOut();
  await context.addCookies([{ name: 'mcp_gateway_session', value: session?.value ?? '', url: gateway.url }]);
  await page.goto(`${gateway.url}/`);
  expect(page.url()).toContain('/login');
  // alice is signed out at the provider too: it shows its form instead of signing her in again.
  await page.getByRole('link', { name: /^Continue with/ }).click();
  await page.getByLabel('Password').waitFor();
  expect(faults).toEqual([]);
});

test('carol follows a link to a server, signs in, and arrives at that server', async () => {
  await page.goto(`${gateway.url}/servers/currenttime`);
  await signIn('carol');
  await page.waitForURL(`${gateway.url}/servers/currenttime`);
  await page.getByRole('heading', { level: 1, name: 'currenttime' }).waitFor();
  // The registry reads the tools at its first check of the server, which may be a moment after the start.
  while ((await page.getByText('current_time_by_timezone').count()) === 0) {
    await sleep(250);
    await page.reload();
  }
  expect(faults).toEqual([]);
});

test('bob sees only the servers that his group may list', async () => {
  await page.goto(`${gateway.url}/`);
  await signIn('bob');
  await page.getByText('currenttime').first().waitFor();
  expect(await page.getByText('Echo').count()).toBe(0);
  expect(await page.content()).not.toContain('echosse');
});

test('erin, who is in no group, sees that and what to ask for', async () => {
  await page.goto(`${gateway.url}/`);
  await signIn('erin');
  await page.waitForURL(`${gateway.url}/`);
  await page
    .getByText(/administrator|admin/i)
    .first()
    .waitFor();
  expect(await page.content()).not.toContain('/currenttime/mcp');
});

test('A server name that contains markup is shown as text', async () => {
  await page.goto(`${gateway.url}/`);
  await signIn('alice');
  await page.getByText('The "echo" <server>').first().waitFor();
});

test('Two tabs that log in at the same time both succeed', async () => {
  const other = await context.newPage();
  await page.goto(`${gateway.url}/login`);
  await other.goto(`${gateway.url}/servers/mcpgw`);
  await page.getByRole('link', { name: /^Continue with/ }).click();
  await page.getByLabel('Password').waitFor();
  await signIn('alice', other);
  await other.waitForURL(`${gateway.url}/servers/mcpgw`);
  await page.getByLabel('Username').fill('alice');
  await page.getByLabel('Password').fill('Passw0rd!');
  await page.getByRole('button', { name: 'Sign in' }).click();
  await page.waitForURL(`${gateway.url}/`);
});

test('A callback without a started login shows a page that says what to do', async () => {
  await page.goto(`${gateway.url}/oauth2/callback/cognito?code=abc&state=${'x'.repeat(43)}`);
  await page.getByRole('heading', { name: 'This login cannot be finished' }).waitFor();
  await page.getByRole('link', { name: 'Go to the login page' }).click();
  await page.getByRole('heading', { name: 'Sign in' }).waitFor();
});

test('After signing out, the back button shows nothing private, and another tab is signed out too', async () => {
  await page.goto(`${gateway.url}/`);
  await signIn('alice');
  await page.getByText('currenttime').first().waitFor();
  const before = Number(await page.evaluate('history.length'));
  const other = await context.newPage();
  const shown = await other.goto(`${gateway.url}/servers/currenttime`);
  expect(shown?.headers()['cache-control']).toContain('no-store');
  await signOut();

  const steps = Number(await page.evaluate('history.length')) - before;
  const wentBack = page.waitForURL(/\/login\?redirect_uri=/);
  await page.evaluate(`history.go(${-steps})`);
  await wentBack;
  expect(await page.content()).not.toContain('currenttime');
  await other.goBack().catch(() => undefined);
  await other.goto(`${gateway.url}/servers/currenttime`);
  expect(other.url()).toBe(`${gateway.url}/login?redirect_uri=%2Fservers%2Fcurrenttime`);
});

test('Two signed-in tabs both work, and signing out in one signs out the other at its next click', async () => {
  await page.goto(`${gateway.url}/`);
  await signIn('alice');
  const other = await context.newPage();
  await other.goto(`${gateway.url}/`);
  await other.getByText('currenttime').first().waitFor();
  await signOut();
  await other.reload();
  expect(other.url()).toContain('/login');
});

test('A keyboard user can log in and out and sees the focus', async () => {
  const focused = (of: string) => page.evaluate(`${of.replaceAll('it', 'document.activeElement')}`);
  await page.goto(`${gateway.url}/login?redirect_uri=%2Fservers%2Fmcpgw`);
  await page.keyboard.press('Tab');
  expect(await focused('it.textContent')).toMatch(/^Continue with/);
  expect(await focused('getComputedStyle(it).outlineStyle')).toBe('solid');
  expect(await focused('parseFloat(getComputedStyle(it).outlineWidth)')).toBeGreaterThan(1);
  await page.keyboard.press('Enter');
  // The browser sets the focus of a new page a moment after its fields are there.
  await page.locator('input[name=username]:focus').waitFor();
  await page.keyboard.type('alice');
  await page.keyboard.press('Tab');
  await page.keyboard.type('Passw0rd!');
  await page.keyboard.press('Enter');
  await page.waitForURL(`${gateway.url}/servers/mcpgw`);
  await page.goto(`${gateway.url}/oauth2/logout/cognito`);
  await page.keyboard.press('Tab');
  expect(await focused('it.textContent')).toBe('Sign out');
  await page.keyboard.press('Tab');
  expect(await focused('it.textContent')).toBe('Stay signed in');
  await page.keyboard.press('Shift+Tab');
  await page.keyboard.press('Enter');
  await page.waitForURL(`${gateway.url}/login`);
  expect(faults).toEqual([]);
});

test('The page after signing out has a link to continue, in case the browser does not redirect', async () => {
  await page.goto(`${gateway.url}/`);
  await signIn('alice');
  await page.waitForURL(`${gateway.url}/`);
  const way = new RegExp(`:${gateway.ports.cognito}/logout`);
  // With an empty response, the browser stays on the page that it would otherwise leave at once.
  await page.route(way, (route) => route.fulfill({ status: 204 }));
  await page.goto(`${gateway.url}/oauth2/logout/cognito`);
  await page.getByRole('button', { name: 'Sign out' }).click();
  await page.getByRole('heading', { name: 'Signed out' }).waitFor();
  expect(await page.getByRole('link', { name: 'Continue' }).getAttribute('href')).toMatch(way);
});

const paths = ['/login', '/oauth2/logout/cognito', '/oauth2/callback/cognito?code=a&state=b', '/oauth2/login/none'];

test('The login pages keep their heading in one place', async () => {
  for (const width of [360, 1280]) {
    await page.setViewportSize({ width, height: 700 });
    const places = new Set<unknown>();
    for (const path of paths) {
      await page.goto(gateway.url + path);
      places.add(await page.evaluate('document.querySelector("h1").getBoundingClientRect().top'));
    }
    expect(places.size).toBe(1);
  }
});
