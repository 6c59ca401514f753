import { jest } from '@jest/globals';
import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client';
import type { Browser, BrowserContext, Page } from 'playwright-core';
import { launchBrowser } from '../support/browser/browser.ts';
import { openAs } from '../support/browser/visit.ts';
import { type Everything, startEverything } from '../support/gateway/everything.ts';
import { type Gateway, startGateway } from '../support/gateway/gateway.ts';
import { until } from '../support/listen.ts';

// A browser test on a busy machine takes longer than a unit test.
jest.setTimeout(400_000);

let gateway: Gateway;
let everything: Everything;
let browser: Browser;
let context: BrowserContext;
let page: Page;
beforeAll(async () => {
  everything = await startEverything('streamableHttp');
  browser = await launchBrowser();
  gateway = await startGateway({ ALLOW_PRIVATE_UPSTREAMS: '127.0.0.0/8' });
  ({ context, page } = await openAs(browser, gateway, 'alice'));
});
afterAll(async () => {
  await browser?.close();
  await everything?.stop();
  await gateway?.stop();
});

/** Calls the tool with an independent MCP client and an agent's own token. */
async function callEcho(): Promise<string> {
  const client = new Client({ name: 'test', version: '1' });
  const headers = { Authorization: `Bearer ${await gateway.agentToken()}` };
  const url = new URL(`${gateway.url}/everything/mcp`);
  try {
    await client.connect(new StreamableHTTPClientTransport(url, { requestInit: { headers } }));
    const result = await client.callTool({ name: 'echo', arguments: { message: 'round and back' } });
    return JSON.stringify(result.content);
  } catch (error) {
    return `refused: ${error}`;
  } finally {
    await client.close().catch(() => undefined);
  }
}

/** How long to wait for what a busy machine does late. */
const patience = 60_000;

/** Calls until the expected answer comes: open streams keep nginx's old workers alive for a moment. */
async function callSoon(expected: RegExp): Promise<void> {
  let said = '';
  const isSaid = async () => {
    said = await callEcho();
    return expected.test(said);
  };
  await until(isSaid, patience);
  expect(said).toMatch(expected);
}

test('A server that is registered here becomes healthy, can be called, disabled and deleted', async () => {
  // Register. Test the connection first, which saves nothing.
  await page.goto(`${gateway.url}/register`);
  await page.getByLabel('Address').fill(`${everything.url}/mcp`);
  await page.getByLabel('Title').fill('Everything');
  await page.getByRole('button', { name: 'Test connection' }).click();
  await page.getByText('It works.').waitFor();
  expect(await page.locator('#connection').innerText()).toMatch(/tools found/);
  // The server has filled in the rest. What was typed stays.
  expect(await page.getByLabel('Title').inputValue()).toBe('Everything');
  expect(await page.getByLabel('Description').inputValue()).not.toBe('');
  expect(await page.getByLabel('Name', { exact: false }).first().inputValue()).toMatch(/everything/);
  await page.getByLabel('Name', { exact: false }).first().fill('everything');
  expect((await page.request.get(`${gateway.url}/api/servers/everything`)).status()).toBe(404);
  await page.getByRole('button', { name: 'Register' }).click();
  await page.waitForURL(/\/servers\/everything\?note=/);
  await page.getByText('“Everything” is registered').waitFor();
  await page.getByText('Only administrators may use it yet').waitFor();

  // Healthy: the registry has checked it and read its tools.
  const details = async () => await (await page.request.get(`${gateway.url}/api/servers/everything`)).json();
  const isHealthy = async () => {
    await page.waitForTimeout(100);
    return (await details()).status === 'healthy';
  };
  expect(await until(isHealthy, patience)).toBe(true);
  await page.reload();
  await page.getByText('Healthy').first().waitFor();
  await page.getByText('echo', { exact: true }).first().waitFor();

  // It can be called through the gateway.
  expect(await callEcho()).toContain('round and back');

  // Disabled: no caller reaches it.
  expect(await press('/servers/everything/disable')).toContain('“Everything” is disabled.');
  await callSoon(/refused: .*(404|503|no everything)/is);
  expect(await press('/servers/everything/enable')).toContain('“Everything” is enabled.');
  await callSoon(/round and back/);

  // Deleted, after a confirmation.
  await page.goto(`${gateway.url}/servers/everything/edit`);
  await page.getByRole('link', { name: 'Delete…' }).click();
  await page.getByRole('heading', { name: 'Delete Everything?' }).waitFor();
  await page.getByRole('button', { name: 'Delete “Everything”' }).click();
  await page.getByText('“Everything” is deleted.').waitFor();
  expect((await page.request.get(`${gateway.url}/api/servers/everything`)).status()).toBe(404);
  await callSoon(/refused: .*(404|no everything)/is);

  // Register it again: the page warns that the old rules apply.
  await page.goto(`${gateway.url}/register`);
  await page.getByLabel('Name', { exact: false }).first().fill('everything');
  await page.getByLabel('Title').fill('Everything');
  await page.getByLabel('Description').fill('Again');
  await page.getByLabel('Address').fill(everything.url);
  await page.getByRole('button', { name: 'Register' }).click();
  await page.getByText('There was a server called "everything" before.').waitFor();
});

/** Submits a form of the details page. @returns the text of the resulting page */
async function press(action: string): Promise<string> {
  await page.goto(`${gateway.url}/servers/everything`);
  await page.evaluate(
    `(() => { const form = document.createElement('form'); form.method = 'post'; form.action = '${action}'; document.body.append(form); form.submit(); })()`,
  );
  await page.waitForURL(/note=/);
  return await page.locator('main').innerText();
}

test('A person who may not register or edit sees which right is missing', async () => {
  const bob = await openAs(browser, gateway, 'bob');
  await bob.page.goto(`${gateway.url}/register`);
  expect(await bob.page.locator('main').innerText()).toContain('register_service');
  await bob.page.goto(`${gateway.url}/servers/currenttime/edit`);
  expect(await bob.page.locator('main').innerText()).toContain('modify_service');
  await bob.page.goto(`${gateway.url}/servers/echo/edit`);
  expect(await bob.page.locator('main').innerText()).toContain('Not found');
  await bob.page.goto(`${gateway.url}/audit`);
  expect(await bob.page.locator('main').innerText()).toContain('view_audit');
  await bob.context.close();
  await context.close();
});
