import { jest } from '@jest/globals';
import type { Browser, Page } from 'playwright-core';
import { launchBrowser } from '../support/browser/browser.ts';
import { openAs, type Visit } from '../support/browser/visit.ts';
import { type Gateway, startGateway } from '../support/gateway/gateway.ts';
import { send } from '../support/gateway/send.ts';

// A browser test on a busy machine takes longer than a unit test.
jest.setTimeout(180_000);

let gateway: Gateway;
let browser: Browser;
let alice: Visit;
let page: Page;
beforeAll(async () => {
  [gateway, browser] = await Promise.all([startGateway({ ALLOW_PRIVATE_UPSTREAMS: '127.0.0.0/8' }), launchBrowser()]);
});
afterAll(() => Promise.all([browser?.close(), gateway?.stop()]));
beforeEach(async () => {
  alice = await openAs(browser, gateway, 'alice');
  page = alice.page;
});
afterEach(() => alice.context.close());

/** A session that ends while a page is open. The browser signs in again in another tab. */
const endSession = () => alice.context.clearCookies();
async function signInElsewhere(): Promise<void> {
  const other = page.waitForEvent('popup');
  await page.getByRole('link', { name: 'Sign in, in another tab' }).click();
  const tab = await other;
  await tab.getByRole('link', { name: /^Continue with/ }).click();
  await tab.getByLabel('Username').fill('alice');
  await tab.getByLabel('Password').fill('Passw0rd!');
  await tab.getByRole('button', { name: 'Sign in' }).click();
  await tab.waitForURL(`${gateway.url}/`);
}

async function fillIn(name: string): Promise<void> {
  await page.goto(`${gateway.url}/register`);
  await page.getByLabel('Name', { exact: false }).first().fill(name);
  await page.getByLabel('Title').fill('Quotes "and" <angles> & ä');
  await page.getByLabel('Description').fill('Says it\nin two lines');
  await page.getByLabel('Address').fill(`http://127.0.0.1:${gateway.ports.currenttime}/mcp`);
}

describe('A session that ends while a form is open', () => {
  test('loses nothing: the next page holds the fields, and sends them after a sign-in in another tab', async () => {
    await fillIn('kept');
    await endSession();
    await page.getByRole('button', { name: 'Register', exact: true }).click();
    await page.getByRole('heading', { name: 'You are signed out' }).waitFor();
    await signInElsewhere();
    await page.getByRole('button', { name: 'Send the form again' }).click();
    await page.waitForURL(/\/servers\/kept\?note=/);
    const server = await (await page.request.get(`${gateway.url}/api/servers/kept`)).json();
    expect([server.title, server.description]).toEqual(['Quotes "and" <angles> & ä', 'Says it in two lines']);
  });

  test('asks for what may be a secret again, instead of writing it into the page', async () => {
    await fillIn('kept-secret');
    await page.getByText('Credential, paths and headers').click();
    await page.getByLabel('The operator’s, the same for all callers').check();
    await page.getByLabel('Secret').fill('sk-very-secret');
    await endSession();
    await page.getByRole('button', { name: 'Register', exact: true }).click();
    await page.getByRole('heading', { name: 'You are signed out' }).waitFor();
    expect(await page.content()).not.toContain('sk-very-secret');
    expect(await page.locator('input[name=secret]').isVisible()).toBe(true);
    expect(await page.locator('input[name=secret]').getAttribute('required')).not.toBeNull();
  });

  test('is told by "Test connection", which works again after a sign-in in another tab', async () => {
    await fillIn('tested-later');
    await endSession();
    await page.getByRole('button', { name: 'Test connection' }).click();
    await page.getByText('You are signed out.').waitFor();
    await signInElsewhere();
    await page.getByRole('button', { name: 'Test connection' }).click();
    await page.getByText('It works.').waitFor();
    expect(await page.getByLabel('Title').inputValue()).toBe('Quotes "and" <angles> & ä');
  });

  test.each([
    ['another site', { 'sec-fetch-site': 'cross-site', origin: 'https://evil.example' }],
    ['another port of this machine', { 'sec-fetch-site': 'same-site', origin: 'http://localhost:1' }],
    ['no page', {}],
    ['a page that says nothing of itself', { origin: 'null' }],
  ])('is no way past the protection of forms: what %s sends is not held', async (_what, more) => {
    const headers = { accept: 'text/html', 'content-type': 'application/x-www-form-urlencoded', ...more };
    const answer = await send(gateway.ports.gateway, {
      method: 'POST',
      path: '/servers/register',
      headers,
      body: 'name=evil&do=save',
    });
    expect(answer.status).toBe(401);
    expect(answer.body).not.toContain('evil');
  });

  test('gets a page that runs no script and is shown in no frame, and nothing of a form over 256 kB', async () => {
    const headers = {
      accept: 'text/html',
      'content-type': 'application/x-www-form-urlencoded',
      'sec-fetch-site': 'same-origin',
      'sec-fetch-dest': 'document',
      'sec-fetch-mode': 'navigate',
      origin: gateway.url,
    };
    const ask = (body: string) =>
      send(gateway.ports.gateway, { method: 'POST', path: '/servers/register', headers, body });
    const { status, headers: answered, body } = await ask('title=%22%3E%3Cscript%3E&title=two');
    expect(status).toBe(401);
    expect(answered['content-security-policy']).toMatch(/^default-src 'none'.*frame-ancestors 'none'/);
    expect(answered['cache-control']).toBe('no-store');
    expect(body).toContain('name="title" value="&quot;&gt;&lt;script&gt;"');
    expect(body).toContain('name="title" value="two"');
    expect(body).not.toContain('<script');
    expect((await ask(`title=${'x'.repeat(300_000)}`)).status).toBe(413);
  });
});

test('Twenty servers that are pasted together are listed, and registered together', async () => {
  const entry = (i: number) => ({
    name: `io.github.example/pasted-${i}`,
    description: 'Tells the time',
    version: '1.0.0',
    remotes: [{ type: 'streamable-http', url: `http://127.0.0.1:${gateway.ports.currenttime}/mcp` }],
  });
  const servers = Array.from({ length: 20 }, (_, i) => entry(i));
  await page.goto(`${gateway.url}/register`);
  await page.getByText('Import a server.json, or several servers').click();
  await page.getByLabel('server.json').last().fill(JSON.stringify({ servers }));
  await page.getByRole('button', { name: 'Read it' }).click();
  await page.getByText('20 can be registered. Nothing is changed yet.').waitFor();
  await page.getByRole('button', { name: 'Register 20 servers' }).click();
  await page.getByText('20 servers registered.').waitFor();
  expect((await page.request.get(`${gateway.url}/api/servers/pasted-19`)).status()).toBe(200);
});

test('Leaving a form asks only if something would be lost', async () => {
  const asked: string[] = [];
  page.on('dialog', (dialog) => {
    asked.push(dialog.type());
    void dialog.dismiss();
  });
  const leave = async () => {
    const dialog = page.waitForEvent('dialog');
    await page.getByRole('link', { name: 'Cancel' }).click({ noWaitAfter: true });
    await dialog;
  };
  await page.goto(`${gateway.url}/servers/fininfo/edit`);
  await page.getByLabel('Title').click();
  await page.getByRole('link', { name: 'Cancel' }).click();
  await page.waitForURL(`${gateway.url}/servers/fininfo`);
  expect(asked).toEqual([]);

  await page.goto(`${gateway.url}/servers/fininfo/edit`);
  await page.getByLabel('Title').fill('Typed');
  await leave();
  expect(asked).toEqual(['beforeunload']);
  expect(await page.getByLabel('Title').inputValue()).toBe('Typed');
  await page.getByRole('button', { name: 'Save' }).click();
  await page.getByText('Saved.').waitFor();
  expect(asked).toEqual(['beforeunload']);

  await page.goto(`${gateway.url}/register`);
  await page.getByLabel('Title').fill('Without a name');
  await page.getByRole('button', { name: 'Register', exact: true }).click();
  await page.getByRole('alert').waitFor();
  await leave();
  expect(asked).toHaveLength(2);
});

test('A pressed button says that it is busy until the answer is there', async () => {
  await page.goto(`${gateway.url}/register`);
  await page.getByLabel('Address').fill(`http://127.0.0.1:${gateway.ports.currenttime}`);
  const gate = Promise.withResolvers<void>();
  await page.route('**/servers/register', async (route) => {
    await gate.promise;
    await route.continue();
  });
  const button = page.getByRole('button', { name: /^Test / });
  await button.click();
  await page.locator('button[aria-busy="true"]', { hasText: 'Test connection' }).waitFor();
  gate.resolve();
  await page.getByText('It works.').waitFor();
  expect(await button.getAttribute('aria-busy')).toBeNull();
});

test('What is typed while an address is tested stays, and the server fills in the rest', async () => {
  await page.goto(`${gateway.url}/register`);
  await page.getByLabel('Address').fill(`http://127.0.0.1:${gateway.ports.currenttime}`);
  const gate = Promise.withResolvers<void>();
  await page.route('**/servers/register', async (route) => {
    await gate.promise;
    await route.continue();
  });
  await page.getByLabel('Address').press('Enter');
  await page.locator('button[aria-busy="true"]', { hasText: 'Test connection' }).waitFor();
  await page.getByLabel('Title').fill('Typed meanwhile');
  await page.getByLabel('Description').fill('This too');
  await page.getByLabel('Title').focus();
  gate.resolve();
  await page.getByText('It works.').waitFor();
  const values = ['#title', '#description', '#name'].map((field) => page.locator(field).inputValue());
  expect(await Promise.all(values)).toEqual(['Typed meanwhile', 'This too', 'currenttime-2']);
  expect(await page.evaluate('document.activeElement.id')).toBe('title');
  // Nothing is saved yet, so leaving asks.
  const asked: string[] = [];
  page.once('dialog', (dialog) => {
    asked.push(dialog.type());
    void dialog.accept();
  });
  await page.getByRole('link', { name: 'Cancel' }).click();
  await page.waitForURL(`${gateway.url}/`);
  expect(asked).toEqual(['beforeunload']);
  expect(alice.complaints).toEqual([]);
});

test('A switch in the list changes the server without a new page: scroll position and focus stay', async () => {
  await page.setViewportSize({ width: 1100, height: 300 });
  await page.goto(`${gateway.url}/`);
  await page.evaluate('window.isTheSamePage = true');
  const toggle = page.locator('#row-fininfo').getByRole('switch');
  await toggle.scrollIntoViewIfNeeded();
  const top = async () => Math.round((await toggle.boundingBox())?.y ?? -1);
  const before = await top();
  await toggle.focus();
  await page.keyboard.press('Space');
  await page.locator('#row-fininfo [role=switch][aria-checked=false]').waitFor();
  await page.getByText(/” is disabled\.$/).waitFor();
  expect(await toggle.innerText()).toContain('Disabled');
  expect(await page.evaluate('[window.isTheSamePage, document.activeElement.closest("li").id]')).toEqual([
    true,
    'row-fininfo',
  ]);
  expect(Math.abs((await top()) - before)).toBeLessThan(150);
  await page.keyboard.press('Space');
  await page.locator('#row-fininfo [role=switch][aria-checked=true]').waitFor();
  expect(alice.complaints).toEqual([]);
});

test('A disabled server offers no addresses to connect to, and its switch says that it is off', async () => {
  await page.goto(`${gateway.url}/servers/fininfo/connect`);
  expect(await page.locator('#server-connect').innerText()).toContain('/fininfo/mcp');
  await page.getByRole('switch').click();
  await page.getByText(/” is disabled\.$/).waitFor();
  expect(await page.getByRole('switch').innerText()).toContain('Disabled');
  expect(await page.locator('#server-connect').innerText()).not.toContain('/fininfo/mcp');
  await page.getByRole('switch').click();
  await page.getByText(/” is enabled\.$/).waitFor();
});

test('In forced colours a switch that is on differs from one that is off', async () => {
  await page.emulateMedia({ forcedColors: 'active' });
  await page.goto(`${gateway.url}/`);
  const look = (on: boolean) =>
    page.evaluate(`(() => {
      const toggle = document.querySelector('.row-actions .switch');
      toggle.setAttribute('aria-checked', '${on}');
      const track = getComputedStyle(toggle.querySelector('.track'));
      const knob = getComputedStyle(toggle.querySelector('.track'), '::before');
      return [track.backgroundColor, track.borderColor, knob.backgroundColor, knob.marginLeft];
    })()`);
  const [on, off] = [(await look(true)) as string[], (await look(false)) as string[]];
  expect(on).not.toEqual(off);
  // The knob is visible on its track in both states.
  for (const [track, , knob] of [on, off]) expect(knob).not.toBe(track);
});
