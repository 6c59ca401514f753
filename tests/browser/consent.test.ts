import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { jest } from '@jest/globals';
import type { Browser, BrowserContext, Page } from 'playwright-core';
import { digest } from '../../auth-server/oauth/store/tokens.ts';
import { commandLine } from '../../common/identity/command-line.ts';
import { accessibility, brokenWords, launchBrowser, tooWide } from '../support/browser/browser.ts';
import { sharedGateway } from '../support/gateway/shared-gateway.ts';

jest.setTimeout(180_000);

const gateway = await sharedGateway();
/** The client's own web server, for its callback. */
const callbacks: URL[] = [];
const local = createServer((req, res) => {
  callbacks.push(new URL(req.url ?? '/', 'http://127.0.0.1'));
  res.end('<!doctype html><title>Connected</title><h1>You are connected</h1>');
}).listen(0, '127.0.0.1');
await once(local, 'listening');
const loopback = `http://127.0.0.1:${(local.address() as AddressInfo).port}/callback`;
/** Set `SCREENSHOTS` to a folder to look at the pages. */
const shots = process.env.SCREENSHOTS;
let browser: Browser;
let context: BrowserContext;
let page: Page;
let faults: string[];

beforeAll(async () => {
  browser = await launchBrowser();
});
afterAll(async () => {
  await browser?.close();
  local.closeAllConnections();
  local.close();
});
const open = async (options: Parameters<Browser['newContext']>[0] = {}) => {
  context = await browser.newContext(options);
  context.setDefaultTimeout(90_000);
  page = await context.newPage();
  faults = [];
  page.on('pageerror', (error) => faults.push(String(error)));
  page.on('console', (message) => {
    if (message.type() === 'error') faults.push(message.text());
  });
};
afterEach(() => context?.close());

/** The address that a client opens, after it has registered. */
async function addressFor(redirectUri: string, name = 'Claude Code', server = 'currenttime'): Promise<string> {
  const registered = await fetch(`${gateway.url}/oauth2/register`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ client_name: name, redirect_uris: [redirectUri] }),
  });
  const { client_id } = (await registered.json()) as { client_id: string };
  return `${gateway.url}/oauth2/authorize?${new URLSearchParams({
    response_type: 'code',
    client_id,
    redirect_uri: redirectUri,
    code_challenge: digest('v'.repeat(43)),
    code_challenge_method: 'S256',
    resource: `${gateway.url}/${server}/mcp`,
    state: 's',
  })}`;
}

async function signIn(person = 'alice'): Promise<void> {
  await page.getByLabel('Username').fill(person);
  await page.getByLabel('Password').fill('Passw0rd!');
  await page.getByRole('button', { name: 'Sign in' }).click();
  await page.getByRole('heading', { level: 1 }).waitFor();
}

const heading = () => page.getByRole('heading', { level: 1 }).innerText();

test('A person follows the address of a client, signs in, reads the question, allows it, and the client has its code', async () => {
  await open();
  await page.goto(await addressFor(loopback));
  await signIn();
  expect(await heading()).toBe('Claude Code wants to use currenttime as alice');
  await page.getByText('Are you adding currenttime there just now?').waitFor();
  callbacks.length = 0;
  await page.getByRole('button', { name: 'Allow' }).click();
  await page.getByRole('heading', { name: 'You are connected' }).waitFor();
  const answer = callbacks[0]?.searchParams;
  expect([answer?.get('state'), answer?.get('iss')]).toEqual(['s', gateway.url]);
  expect(answer?.get('code')).toMatch(/^[\w-]{43}$/);
  // No session of the gateway came about.
  const cookies = (await context.cookies(gateway.url)).map(({ name }) => name);
  expect(cookies).toContain('mcp_gateway_browser');
  expect(cookies.filter((name) => /session|login/.test(name))).toEqual([]);
  await page.goBack();
  await page.getByRole('heading', { name: 'This request is over' }).waitFor();
  expect(faults.filter((fault) => !fault.includes('400'))).toEqual([]);
});

test.each([
  ['light', 1280],
  ['dark', 1280],
  ['light', 390],
  ['dark', 320],
] as const)('The question can be used by everyone, in the %s theme and %i pixels wide', async (colorScheme, width) => {
  await open({ colorScheme, viewport: { width, height: 800 } });
  await page.goto(await addressFor(loopback));
  await signIn();
  if (shots) await page.screenshot({ path: `${shots}/consent-${colorScheme}-${width}.png`, fullPage: true });
  expect((await accessibility(page)).faults).toEqual([]);
  expect([await tooWide(page), await brokenWords(page)]).toEqual([[], []]);
  await page.keyboard.press('Tab');
  while ((await page.evaluate('document.activeElement.textContent')) !== 'Allow') await page.keyboard.press('Tab');
  await page.keyboard.press('Enter');
  await page.getByRole('heading', { name: 'You are connected' }).waitFor();
  expect(faults).toEqual([]);
});

test('The question about the command line can be used by everyone, in both themes and at every width, and is shown in no frame', async () => {
  const ofCommandLine = `${gateway.url}/oauth2/authorize?${new URLSearchParams({
    response_type: 'code',
    client_id: commandLine.id,
    redirect_uri: loopback,
    code_challenge: digest('v'.repeat(43)),
    code_challenge_method: 'S256',
    resource: gateway.url + commandLine.sessionPath,
    state: 's',
  })}`;
  await open();
  await page.goto(ofCommandLine);
  await signIn();
  expect(await heading()).toBe('The command line wants to be signed in as alice');
  for (const [colorScheme, width] of [
    ['light', 1280],
    ['dark', 1280],
    ['light', 390],
    ['dark', 320],
  ] as const) {
    await page.emulateMedia({ colorScheme });
    await page.setViewportSize({ width, height: 800 });
    if (shots) await page.screenshot({ path: `${shots}/command-line-${colorScheme}-${width}.png`, fullPage: true });
    expect((await accessibility(page)).faults).toEqual([]);
    expect([await tooWide(page), await brokenWords(page)]).toEqual([[], []]);
  }
  expect(faults).toEqual([]);
  const question = page.url();
  const framed = await context.newPage();
  await framed.route('http://127.0.0.1:1/', (route) =>
    route.fulfill({ contentType: 'text/html', body: `<iframe src="${question}"></iframe>` }),
  );
  await framed.goto('http://127.0.0.1:1/');
  expect(await framed.frameLocator('iframe').getByRole('button', { name: 'Allow' }).count()).toBe(0);
  callbacks.length = 0;
  await page.getByRole('button', { name: 'Allow' }).click();
  await page.getByRole('heading', { name: 'You are connected' }).waitFor();
  expect(callbacks[0]?.searchParams.get('code')).toMatch(/^[\w-]{43}$/);
});

test('A double click on Allow takes one code to the client', async () => {
  await open();
  await page.goto(await addressFor(loopback));
  await signIn();
  callbacks.length = 0;
  await page.getByRole('button', { name: 'Allow' }).dblclick();
  await page.getByRole('heading', { name: 'You are connected' }).waitFor();
  const codes = callbacks.map(({ searchParams }) => searchParams.get('code')).filter(Boolean);
  expect(codes[0]).toMatch(/^[\w-]{43}$/);
  expect(new Set(codes).size).toBe(1);
});

test('Deny takes the refusal to the client', async () => {
  await open();
  await page.goto(await addressFor(loopback));
  await signIn('carol');
  callbacks.length = 0;
  await page.getByRole('button', { name: 'Deny' }).click();
  await page.getByRole('heading', { name: 'You are connected' }).waitFor();
  expect(callbacks[0]?.searchParams.get('error')).toBe('access_denied');
});

test('A person without any right to the server reads that and who can help, and goes back to the client', async () => {
  await open();
  await page.goto(await addressFor(loopback, 'Claude Code', 'nosuchserver'));
  await signIn('erin');
  expect(await heading()).toBe('You may not use nosuchserver');
  await page.getByText('No rule of this gateway lets you use a server named nosuchserver.').waitFor();
  if (shots) await page.screenshot({ path: `${shots}/consent-refused.png`, fullPage: true });
  expect((await accessibility(page)).faults).toEqual([]);
  expect(await page.getByRole('button', { name: 'Allow' }).count()).toBe(0);
  await page.getByRole('button', { name: 'Back to Claude Code' }).click();
  await page.getByRole('heading', { name: 'You are connected' }).waitFor();
});

test('The form leads to a site, and on to its own scheme, and with a program the tab says that it can be closed', async () => {
  await open();
  await page.goto(await addressFor('https://site.example/callback', 'A site'));
  await signIn();
  await page.getByText('Another site').waitFor();
  // No such site exists: that the browser asks for it shows that the page's policy lets the form lead there.
  const asked = page.waitForRequest(/^https:\/\/site\.example\/callback\?/);
  await page.getByRole('button', { name: 'Allow' }).click();
  expect(new URL((await asked).url()).searchParams.get('code')).toMatch(/^[\w-]{43}$/);
  expect(faults.filter((fault) => !fault.includes('ERR_NAME_NOT_RESOLVED'))).toEqual([]);

  // The first tab is on its way to the browser's own page about the failure, which would end another navigation.
  page = await context.newPage();
  await page.goto(await addressFor('cursor://anysphere.cursor-mcp/callback', 'Cursor'));
  await page.getByText('Then Cursor opens, and you can close this tab.').waitFor();
  await page.getByRole('button', { name: 'Allow' }).click();
  await page.getByText('You can close this tab.').waitFor();
  if (shots) await page.screenshot({ path: `${shots}/consent-sent.png`, fullPage: true });
  const link = await page.getByRole('link', { name: 'Open Cursor' }).getAttribute('href');
  expect(link).toMatch(/^cursor:\/\/anysphere\.cursor-mcp\/callback\?code=/);
});

test('Another person in the same browser can sign in from the question', async () => {
  await open();
  await page.goto(await addressFor(loopback));
  await signIn('alice');
  await page.goto(await addressFor(loopback));
  expect(await heading()).toBe('Claude Code wants to use currenttime as alice');
  await page.getByRole('link', { name: 'Not you?' }).click();
  await signIn('carol');
  expect(await heading()).toBe('Claude Code wants to use currenttime as carol');
});
