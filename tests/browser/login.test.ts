import { jest } from '@jest/globals';
import type { Browser, BrowserContext, Page } from 'playwright-core';
import { type Gateway, startGateway } from '../e2e/gateway.ts';
import { accessibility, launchBrowser } from './browser.ts';

// A browser on a busy machine takes longer than a unit.
jest.setTimeout(60_000);

let gateway: Gateway;
let browser: Browser;
let context: BrowserContext;
let page: Page;
let faults: string[];

beforeAll(async () => {
  [gateway, browser] = await Promise.all([startGateway(), launchBrowser()]);
});
afterAll(() => Promise.all([browser?.close(), gateway?.stop()]));
beforeEach(async () => {
  context = await browser.newContext();
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

test('alice opens the registry, signs in at the stand-in, sees the servers, signs out, and her session is over', async () => {
  await page.goto(`${gateway.url}/`);
  expect(page.url()).toBe(`${gateway.url}/login?redirect_uri=%2F`);
  await signIn('alice');
  await page.waitForURL(`${gateway.url}/`);
  await page.getByText('currenttime').first().waitFor();
  await page.getByText('mcpgw').first().waitFor();
  const session = (await context.cookies()).find((cookie) => cookie.name === 'mcp_gateway_session');
  expect(session).toMatchObject({ httpOnly: true, sameSite: 'Lax', path: '/' });

  await page.getByRole('button', { name: 'Sign out' }).click();
  await page.waitForURL(`${gateway.url}/login`);
  await context.addCookies([{ name: 'mcp_gateway_session', value: session?.value ?? '', url: gateway.url }]);
  await page.goto(`${gateway.url}/`);
  expect(page.url()).toContain('/login');
  // Signed out at the provider as well: its form is shown, nobody is let straight back in.
  await page.getByRole('link', { name: /^Continue with/ }).click();
  await page.getByLabel('Password').waitFor();
  expect(faults).toEqual([]);
});

test('carol follows a link to a server, signs in, and arrives at that server', async () => {
  await page.goto(`${gateway.url}/servers/currenttime`);
  await signIn('carol');
  await page.waitForURL(`${gateway.url}/servers/currenttime`);
  await page.getByText('current_time_by_timezone').first().waitFor();
  expect(faults).toEqual([]);
});

test('bob sees only the servers that his group may list', async () => {
  await page.goto(`${gateway.url}/`);
  await signIn('bob');
  await page.getByText('currenttime').first().waitFor();
  expect(await page.getByText('Echo').count()).toBe(0);
  expect(await page.content()).not.toContain('echosse');
});

test('erin, who is in no group, is told so and what to ask for', async () => {
  await page.goto(`${gateway.url}/`);
  await signIn('erin');
  await page.waitForURL(`${gateway.url}/`);
  await page
    .getByText(/administrator|admin/i)
    .first()
    .waitFor();
  expect(await page.content()).not.toContain('/currenttime/mcp');
});

test('A name of a server that is markup is shown as text', async () => {
  await page.goto(`${gateway.url}/`);
  await signIn('alice');
  await page.getByText('The "echo" <server>').first().waitFor();
});

test('Two tabs that log in at the same time both arrive', async () => {
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

test('A callback that nobody here started ends on a page that says what to do', async () => {
  await page.goto(`${gateway.url}/oauth2/callback/cognito?code=abc&state=${'x'.repeat(43)}`);
  await page.getByRole('heading', { name: 'This login cannot be finished' }).waitFor();
  await page.getByRole('link', { name: 'Go to the login page' }).click();
  await page.getByRole('heading', { name: 'Sign in' }).waitFor();
});

test.each([
  ['/login', 'light'],
  ['/login', 'dark'],
  ['/oauth2/logout/cognito', 'light'],
  ['/oauth2/callback/cognito?code=a&state=b', 'dark'],
] as const)('%s in %s can be used by everybody (WCAG 2.2 AA)', async (path, colorScheme) => {
  await page.emulateMedia({ colorScheme });
  await page.goto(gateway.url + path);
  const shots = process.env.SCREENSHOTS;
  if (shots) await page.screenshot({ path: `${shots}/${path.replace(/\W+/g, '-')}-${colorScheme}.png` });
  expect((await accessibility(page)).faults).toEqual([]);
});
