import type { RequestListener } from 'node:http';
import { jest } from '@jest/globals';
import { toNodeHandler } from '@modelcontextprotocol/node';
import { createMcpHandler, McpServer } from '@modelcontextprotocol/server';
import type { Browser } from 'playwright-core';
import { accessibility, launchBrowser } from '../support/browser/browser.ts';
import { openAs } from '../support/browser/visit.ts';
import { type Gateway, startGateway } from '../support/gateway/gateway.ts';
import { send } from '../support/gateway/send.ts';
import { listen } from '../support/listen.ts';
import { hostileMcp } from '../support/registry/hostile-mcp.ts';
import { png } from '../support/registry/pictures.ts';

// A browser test on a busy machine takes longer than a unit test.
jest.setTimeout(400_000);

const closers: (() => unknown)[] = [];
let gateway: Gateway;
let browser: Browser;
let origin = '';

/** Serves its own icon, beside an MCP server of 2026-07-28. */
const painter: RequestListener = (req, res) => {
  if (req.method === 'GET') return void res.writeHead(200, { 'content-type': 'image/png' }).end(png(96));
  const icons = [{ src: `${origin}/icon.png`, mimeType: 'image/png', sizes: ['96x96'] }];
  const handle = toNodeHandler(createMcpHandler(() => new McpServer({ name: 'painter', version: '1', icons })));
  handle(req as Parameters<typeof handle>[0], res);
};
/** Calls its page a picture. */
const forger: RequestListener = (req, res) => {
  if (req.method === 'GET')
    return void res.writeHead(200, { 'content-type': 'image/png' }).end('<svg onload="alert(1)"/>');
  const icons = `[{"src":"http://${req.headers.host}/icon.png","mimeType":"image/png"}]`;
  const about = `{"name":"forger","version":"1","icons":${icons}}`;
  const initialize = () => `{"protocolVersion":"2025-11-25","serverInfo":${about},"capabilities":{"tools":{}}}`;
  hostileMcp({ initialize })(req, res);
};

beforeAll(async () => {
  const servers = await Promise.all([listen(painter), listen(forger)]);
  for (const { close } of servers) closers.push(close);
  const [first = 0, second = 0] = servers.map(({ port }) => port);
  origin = `http://127.0.0.1:${first}`;
  const about = (name: string, title: string, port: number) => ({
    ...{ name, title, description: 'It has an icon.', upstream: `http://127.0.0.1:${port}` },
    transports: { 'streamable-http': '/mcp' },
  });
  gateway = await startGateway({}, [
    about('painter', 'Picture painter', first),
    about('forger', 'Icon forger', second),
  ]);
  closers.unshift(() => gateway.stop());
  browser = await launchBrowser();
  closers.unshift(() => browser.close());
});
afterAll(async () => {
  for (const close of closers) await close();
});

test('A server shows its own picture in the list and on its page, and one without a usable picture its letters', async () => {
  const { page, context, complaints } = await openAs(browser, gateway, 'alice');
  await page.goto(gateway.url);
  const picture = page.locator('#row-painter .tile img');
  // The open page gets it as soon as the registry has it.
  await picture.waitFor();
  await page.waitForFunction(`document.querySelector('#row-painter .tile img').naturalWidth === 96`);
  expect(await page.locator('#row-forger .tile').innerHTML()).toBe('IF');
  expect((await accessibility(page)).faults).toEqual([]);
  const path = String(await picture.getAttribute('src'));
  await page.goto(`${gateway.url}/servers/painter`);
  await page.waitForFunction(`document.querySelector('.tile.large img')?.naturalWidth === 96`);
  expect((await accessibility(page)).faults).toEqual([]);
  await page.goto(`${gateway.url}/servers/forger`);
  expect(await page.locator('.tile.large').innerHTML()).toBe('IF');
  expect(complaints).toEqual([]);
  await context.close();

  const get = (headers: Record<string, string>) => send(gateway.ports.gateway, { method: 'GET', path, headers });
  const answer = await get({ cookie: await gateway.sessionCookie('alice') });
  expect([answer.status, answer.headers['content-type'], answer.headers['content-security-policy']]).toEqual([
    200,
    'image/png',
    "default-src 'none'; sandbox",
  ]);
  expect((await get({ accept: 'image/png' })).status).toBe(401);
});

test('A picture that does not come leaves the letters, without a broken picture over them', async () => {
  const { page, context } = await openAs(browser, gateway, 'alice');
  let asked = 0;
  await context.route('**/icons/*', (route) => {
    asked += 1;
    return route.fulfill({ status: 404, body: '' });
  });
  await page.goto(gateway.url);
  await page.waitForFunction(`document.querySelector('#row-painter .tile').innerHTML.trim() === 'PP'`);
  expect(asked).toBeGreaterThan(0);
  await context.close();
});
