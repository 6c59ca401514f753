import { jest } from '@jest/globals';
import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js';
import type { Transport } from '@modelcontextprotocol/sdk/shared/transport.js';
import type { Browser, BrowserContext, Page } from 'playwright-core';
import { accessibility, launchBrowser } from '../support/browser/browser.ts';
import { newFlow } from '../support/gateway/oauth-flow.ts';
import { sharedGateway } from '../support/gateway/shared-gateway.ts';
import { until } from '../support/listen.ts';

jest.setTimeout(180_000);

const gateway = await sharedGateway();
/** Set `SCREENSHOTS` to a folder to look at the pages. */
const shots = process.env.SCREENSHOTS;
let browser: Browser;
let context: BrowserContext;
let page: Page;
beforeAll(async () => {
  browser = await launchBrowser();
});
afterAll(() => browser?.close());
afterEach(() => context?.close());

/** Signs a person in, and opens their account. */
async function openAccount(options: Parameters<Browser['newContext']>[0] = {}, person = 'alice'): Promise<void> {
  context = await browser.newContext(options);
  context.setDefaultTimeout(90_000);
  page = await context.newPage();
  await page.goto(`${gateway.url}/account`);
  await page.getByRole('link', { name: /^Continue with/ }).click();
  await page.getByLabel('Username').fill(person);
  await page.getByLabel('Password').fill('Passw0rd!');
  await page.getByRole('button', { name: 'Sign in' }).click();
  await page.waitForURL(`${gateway.url}/account`);
}

/** A client that alice has allowed to use currenttime. */
async function connectClient() {
  const flow = await newFlow(gateway.url);
  const tokens = await flow.tokens();
  const call = async () => {
    const answer = await fetch(flow.resource, {
      method: 'POST',
      headers: {
        Authorization: `Bearer ${tokens.access_token}`,
        'Content-Type': 'application/json',
        Accept: 'application/json, text/event-stream',
      },
      body: JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'tools/list' }),
    });
    await answer.text();
    return answer.status;
  };
  return { call, refresh: () => flow.refresh(tokens.refresh_token) };
}

test.each([true, false])(
  'A client that a person sees on their account ends with one click, and is out (scripts: %s)',
  async (javaScriptEnabled) => {
    const { call, refresh } = await connectClient();
    expect(await call()).not.toBe(401);
    await openAccount({ javaScriptEnabled });
    await page.getByText('A program that calls itself').first().waitFor();
    await page.getByRole('button', { name: 'End A client at currenttime' }).first().click();
    await page.getByText('Ended: “A client” at currenttime.').waitFor();
    expect(await until(async () => (await call()) === 401)).toBe(true);
    expect((await refresh()).status).toBe(400);
  },
);

test('All clients end after a page that names them, and the session that asked goes on', async () => {
  const clients = [await connectClient(), await connectClient()];
  await openAccount();
  await page.getByRole('link', { name: 'End all… connected clients' }).click();
  await page.getByRole('heading', { name: /^End all \d+ connected clients\?$/ }).waitFor();
  await page.getByRole('button', { name: /^End all \d+ connected clients$/ }).click();
  await page.getByText(/\d+ connected clients ended\./).waitFor();
  await page.getByText('No program acts as you.').waitFor();
  for (const { call } of clients) expect(await until(async () => (await call()) === 401)).toBe(true);
});

test('An administrator finds a person without scripts, and ends a client of theirs, which is out', async () => {
  const { call } = await connectClient();
  await openAccount({ javaScriptEnabled: false });
  await page.getByRole('link', { name: 'People' }).click();
  await page.getByLabel('Find a person or a client').fill('A client');
  await page.getByLabel('Find a person or a client').press('Enter');
  await page.getByRole('link', { name: 'alice' }).click();
  await page.getByRole('button', { name: 'End A client at currenttime' }).first().click();
  await page.getByText(/^Ended: “A client” at currenttime, of alice/).waitFor();
  expect(await until(async () => (await call()) === 401)).toBe(true);
  await page.getByRole('link', { name: 'People' }).first().click();
  await page.getByRole('link', { name: 'Ended' }).click();
  await page.getByText('alice ended “A client” of alice').first().waitFor();
});

test('A personal token that a person makes works for a client that sends it as a header, and ends with one click', async () => {
  await openAccount();
  await page.getByRole('link', { name: 'Make a token' }).click();
  if (shots) await page.screenshot({ path: `${shots}/personal-form.png`, fullPage: true });
  expect((await accessibility(page)).faults).toEqual([]);
  await page.getByLabel('Name').fill('nightly script');
  await page.getByLabel('Server').fill('currenttime');
  await page.getByRole('button', { name: /^Continue to/ }).click();
  await page.getByLabel('Username').fill('alice');
  await page.getByLabel('Password').fill('Passw0rd!');
  await page.getByRole('button', { name: 'Sign in' }).click();
  await page.getByRole('heading', { name: 'Copy your token now' }).waitFor();
  if (shots) await page.screenshot({ path: `${shots}/personal-token.png`, fullPage: true });
  expect((await accessibility(page)).faults).toEqual([]);
  const token = await page.locator('#token').innerText();
  await context.grantPermissions(['clipboard-read', 'clipboard-write'], { origin: gateway.url });
  await page.getByRole('button', { name: 'Copy', exact: true }).click();
  await page.getByRole('button', { name: 'Copied' }).waitFor();
  expect(await page.evaluate('navigator.clipboard.readText()')).toBe(token);

  const connect = async (server: string) => {
    const client = new Client({ name: 'a client', version: '1' });
    const requestInit = { headers: { Authorization: `Bearer ${token}` } };
    const url = new URL(`${gateway.url}/${server}/mcp`);
    await client.connect(new StreamableHTTPClientTransport(url, { requestInit }) as unknown as Transport);
    return client;
  };
  const client = await connect('currenttime');
  const call = () => client.callTool({ name: 'current_time_by_timezone', arguments: { tz_name: 'Asia/Tokyo' } });
  expect(JSON.stringify(await call())).toContain('Asia/Tokyo');
  await expect(connect('mcpgw')).rejects.toThrow(`it is for ${gateway.url}/currenttime/mcp only`);

  await page.getByRole('link', { name: 'To My account' }).click();
  await page.getByRole('heading', { name: 'Personal tokens' }).waitFor();
  if (shots) await page.screenshot({ path: `${shots}/account.png`, fullPage: true });
  expect(await page.content()).not.toContain('mgt_');
  await page.getByRole('button', { name: 'End nightly script at currenttime' }).click();
  await page.getByText('Ended: the token “nightly script” for currenttime.').waitFor();
  const failed = () =>
    call().then(
      () => false,
      () => true,
    );
  expect(await until(failed)).toBe(true);
  await expect(connect('currenttime')).rejects.toThrow('This personal token has ended');
  await client.close();
});

test('Signing out says how many clients stay, and they do', async () => {
  const { call } = await connectClient();
  await openAccount();
  await page.locator('.person > summary').click();
  await page.getByRole('button', { name: 'Sign out' }).click();
  await page.waitForURL(`${gateway.url}/login`);
  await page.getByText(/You are signed out\. \d+ clients? stays? connected and can act as you\./).waitFor();
  expect(await call()).not.toBe(401);
  await context.close();
  await openAccount();
  await page.getByRole('button', { name: 'End A client at currenttime' }).first().click();
  await page.getByText('Ended: “A client” at currenttime.').waitFor();
  expect(await until(async () => (await call()) === 401)).toBe(true);
});

test('A browser that is ended from another one is signed out there', async () => {
  await openAccount({}, 'erin');
  const [first, firstContext] = [page, context];
  await openAccount({}, 'erin');
  await page.getByRole('link', { name: 'End all others… sign-ins' }).click();
  await page.getByRole('button', { name: /^End all/ }).click();
  await page.getByText(/other sign-ins? ended\./).waitFor();
  await first.goto(`${gateway.url}/account`);
  await first.getByRole('heading', { name: 'Sign in' }).waitFor();
  await firstContext.close();
});
