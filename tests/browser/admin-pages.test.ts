import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { jest } from '@jest/globals';
import type { Browser, Page } from 'playwright-core';
import { launchBrowser } from '../support/browser/browser.ts';
import { openAs, type Visit } from '../support/browser/visit.ts';
import { type Gateway, startGateway } from '../support/gateway/gateway.ts';
import { rpc, send } from '../support/gateway/send.ts';

// A browser test on a busy machine takes longer than a unit test.
jest.setTimeout(90_000);

let gateway: Gateway;
let browser: Browser;
let alice: Visit;
let page: Page;
/** A page on another origin. */
let elsewhere: Server;
let evil: string;
beforeAll(async () => {
  browser = await launchBrowser();
  gateway = await startGateway({ ALLOW_PRIVATE_UPSTREAMS: '127.0.0.0/8' });
  alice = await openAs(browser, gateway, 'alice');
  page = alice.page;
  elsewhere = createServer((req, res) => {
    const action = new URL(req.url ?? '/', 'http://x').searchParams.get('to') ?? '';
    res.setHeader('Content-Type', 'text/html');
    const field = '<input name="name" value="evil"><input name="revision" value="1">';
    res.end(`<form method="post" action="${action}">${field}<button>Win a prize</button></form>`);
  }).listen(0, '127.0.0.1');
  await new Promise((resolve) => elsewhere.once('listening', resolve));
  evil = String((elsewhere.address() as AddressInfo).port);
});
afterAll(async () => {
  elsewhere?.closeAllConnections();
  elsewhere?.close();
  await browser?.close();
  await gateway?.stop();
});
afterEach(() => {
  // The browser reports every response that is not 2xx. That is not an error of the page.
  const faults = alice.complaints.splice(0).filter((line) => !line.startsWith('Failed to load resource'));
  expect(faults).toEqual([]);
});

const revisionOf = async (name: string) =>
  ((await (await page.request.get(`${gateway.url}/api/servers/${name}`)).json()) as { revision: number }).revision;
const text = () => page.locator('main').innerText();
const call = async (person: string, server: string, tool: string) => {
  const headers = {
    cookie: await gateway.sessionCookie(person),
    origin: gateway.url,
    'content-type': 'application/json',
  };
  const accept = 'application/json, text/event-stream';
  await send(gateway.ports.gateway, {
    path: `/${server}/mcp`,
    headers: { ...headers, accept },
    body: rpc('tools/call', { name: tool }),
  });
};

describe("A form on another origin's page", () => {
  test.each(['localhost', '127.0.0.1'])('changes nothing when it is sent from %s', async (host) => {
    const before = await revisionOf('fininfo');
    for (const path of ['/servers/fininfo/disable', '/servers/fininfo/delete', '/servers/register']) {
      await page.goto(`http://${host}:${evil}/?to=${encodeURIComponent(gateway.url + path)}`);
      const answered = page.waitForResponse((answer) => answer.url().startsWith(gateway.url));
      await page.getByRole('button', { name: 'Win a prize' }).click();
      expect([401, 403]).toContain((await answered).status());
    }
    expect(await revisionOf('fininfo')).toBe(before);
  });

  test('is refused without a session', async () => {
    const context = await browser.newContext();
    context.setDefaultTimeout(90_000);
    const answer = await context.request.post(`${gateway.url}/servers/fininfo/disable`, { form: { revision: '1' } });
    expect(answer.status()).toBe(401);
    await context.close();
  });
});

test('A form of ten megabytes gets a page that says what to do', async () => {
  await page.goto(`${gateway.url}/register`);
  await page.evaluate(`document.getElementById('description').value = 'x'.repeat(10_000_000)`);
  const answered = page.waitForResponse(`${gateway.url}/servers/register`);
  await page.getByRole('button', { name: 'Register', exact: true }).click();
  const answer = await answered;
  expect([answer.status(), answer.headers()['content-type']]).toEqual([413, 'text/html']);
  await page.getByRole('heading', { name: 'The form is too large' }).waitFor();
});

test('A server can be registered with the keyboard alone, and the list of faults gets the focus first', async () => {
  await page.goto(`${gateway.url}/register`);
  const focused = () => page.evaluate(`document.activeElement.id || document.activeElement.textContent.trim()`);
  const to = async (id: string) => {
    for (let tries = 0; tries < 40 && (await focused()) !== id; tries++) await page.keyboard.press('Tab');
    expect(await focused()).toBe(id);
  };
  await to('name');
  await page.keyboard.type('By Keyboard');
  await to('Register');
  await page.keyboard.press('Enter');
  // The browser sets the focus of a new page a moment after the list is there.
  await page.locator('[role=alert].faults:focus').waitFor();
  await page.keyboard.press('Tab');
  expect(await focused()).toBe('Name');
  await page.keyboard.press('Enter');
  await to('name');
  await page.keyboard.press('Control+A');
  await page.keyboard.type('by-keyboard');
  for (const [field, typed] of [
    ['description', 'Typed'],
    ['upstream', gateway.echo.url],
    ['title', 'By keyboard'],
  ] as const) {
    await to(field);
    await page.keyboard.type(typed);
  }
  await to('Register');
  await page.keyboard.press('Enter');
  await page.waitForURL(/\/servers\/by-keyboard\?note=/);
});

test('Testing a connection does not change the page, and works without scripts too', async () => {
  await page.goto(`${gateway.url}/register`);
  await page.getByLabel('Address').fill(`http://127.0.0.1:${gateway.ports.currenttime}`);
  await page.getByRole('button', { name: 'Test connection' }).click();
  await page.getByText('It works.').waitFor();
  expect(page.url()).toBe(`${gateway.url}/register`);
  expect(await page.getByLabel('Address').inputValue()).toContain('http');
  expect(await page.locator('#name').inputValue()).toBe('currenttime-2');

  const plain = await openAs(browser, gateway, 'alice', { javaScriptEnabled: false });
  await plain.page.goto(`${gateway.url}/register`);
  await plain.page.getByLabel('Address').fill(`http://127.0.0.1:${gateway.ports.currenttime}`);
  await plain.page.getByRole('button', { name: 'Test connection' }).click();
  await plain.page.getByText('It works.').waitFor();
  expect(await plain.page.getByLabel('Address').inputValue()).toContain('http');
  expect(await plain.page.locator('#name').inputValue()).toBe('currenttime-2');
  await plain.page.locator('#name').fill('without-scripts');
  // Enter in a field registers, once the address is tested.
  await plain.page.locator('#name').press('Enter');
  await plain.page.getByText('is registered.').waitFor();
  await plain.context.close();
});

test('My rights: bob sees what he may call, what he may not, and which group would help, and gets no explanation for others', async () => {
  const bob = await openAs(browser, gateway, 'bob');
  await bob.page.goto(`${gateway.url}/rights`);
  const said = await bob.page.locator('main').innerText();
  expect(said).toContain('mcp-registry-user');
  expect(said).toContain('Prompts'.toLowerCase());
  expect(said).toMatch(/Edit and delete it[\s\S]*none[\s\S]*mcp-registry-admin/);
  expect(said).not.toContain('Explain a decision');
  expect(said).not.toContain('echo');
  await bob.context.close();
});

test('My rights: erin, who is in no group, sees that and whom to ask', async () => {
  const erin = await openAs(browser, gateway, 'erin');
  await erin.page.goto(`${gateway.url}/rights`);
  const said = await erin.page.locator('main').innerText();
  expect(said).toContain('Without a group, you may do nothing.');
  expect(said).toContain('Tell the administrator your user name.');
  await erin.context.close();
});

test('My rights: alice gets a decision explained, with its rule or with what is missing', async () => {
  await page.goto(`${gateway.url}/rights`);
  await page.getByLabel('Groups or scopes').fill('mcp-registry-user');
  await page.getByLabel('Server', { exact: true }).fill('currenttime');
  await page.getByLabel('Tool, prompt or resource').fill('current_time_by_timezone');
  await page.getByRole('button', { name: 'Explain' }).click();
  await page.getByText('Refused.').waitFor();
  expect(await text()).toContain('a rule names the server, but none names the method');
  expect(await text()).toContain('It would be allowed by the group mcp-registry-');
  await page.getByLabel('Groups or scopes').fill('mcp-registry-admin');
  await page.getByRole('button', { name: 'Explain' }).click();
  await page.getByText('Allowed.', { exact: true }).waitFor();
  expect(await text()).toContain('By the rule mcp-servers-unrestricted/execute[0]');
  await page.getByLabel('Tool, prompt or resource').fill('');
  await page.getByRole('button', { name: 'Explain' }).click();
  await page.getByText('tools/call requires a name').waitFor();
});

test('Audit: alice filters decisions, opens one, and follows the link to its explanation', async () => {
  await call('bob', 'currenttime', 'current_time_by_timezone');
  await call('alice', 'currenttime', 'current_time_by_timezone');
  await page.goto(`${gateway.url}/audit`);
  await page.getByLabel('Person or agent').fill('bob');
  await page.locator('#persons option[value="bob"]').waitFor({ state: 'attached' });
  await page.getByRole('button', { name: 'Filter', exact: true }).click();
  await page.getByRole('navigation', { name: 'Verdict' }).getByRole('link', { name: 'Refused' }).click();
  await page.waitForURL(/verdict=deny/);
  const rows = await page.locator('#log .event').allInnerTexts();
  expect(rows).toHaveLength(1);
  expect(rows[0]).toMatch(/refused\s+bob\s+currenttime\s+tools\/call current_time_by_timezone\s+no rule allows it/);
  const sums = page.getByRole('complementary', { name: 'Sums' });
  expect((await sums.innerText()).replaceAll(/\s+/g, ' ')).toMatch(/By person bob 1 .* no rule allows it 1$/);
  await sums.getByRole('link', { name: 'no rule allows it' }).click();
  await page.waitForURL(/verdict=deny&person=bob&reason=not_permitted/);
  await page.locator('#log .event').click();
  await page.getByRole('heading', { name: 'current_time_by_timezone on currenttime' }).waitFor();
  expect(await text()).toContain('Not allowed: tools/call current_time_by_timezone on currenttime');
  await page.getByRole('link', { name: 'Ask the policy as it is now' }).click();
  await page.getByText('Refused.').waitFor();
  await page.goto(`${gateway.url}/audit?since=nonsense`);
  expect(await text()).toContain('since: must be a time');
});

test('Audit: the live view shows a new decision without a reload', async () => {
  await page.goto(`${gateway.url}/audit?tool=live_tool`);
  await page.getByText('No decision matches').waitFor();
  await page.getByRole('button', { name: 'Watch live' }).click();
  await call('bob', 'currenttime', 'live_tool');
  await page.locator('.event', { hasText: 'live_tool' }).waitFor({ timeout: 15_000 });
  await page.getByRole('button', { name: 'Stop' }).click();
  await page.getByRole('button', { name: 'Watch live' }).waitFor();
});

test('Audit over the API: alice pages and filters, and a caller without view_audit gets no decisions', async () => {
  const api = `${gateway.url}/api/decisions`;
  const first = await (await page.request.get(`${api}?limit=1&server=currenttime`)).json();
  expect(first.decisions).toHaveLength(1);
  const second = await (await page.request.get(`${api}?limit=1&server=currenttime&before=${first.next}`)).json();
  expect(second.decisions[0].id).not.toBe(first.decisions[0].id);
  expect((await page.request.get(`${api}?limit=0`)).status()).toBe(400);
  const dave = await openAs(browser, gateway, 'dave');
  expect((await dave.page.request.get(api)).status()).toBe(403);
  await dave.context.close();
  expect((await fetch(`${gateway.url}/decisions`)).status).toBe(404);
});
