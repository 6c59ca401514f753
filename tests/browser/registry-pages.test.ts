import { jest } from '@jest/globals';
import type { Browser, Page } from 'playwright-core';
import type { Health } from '../../registry/health.ts';
import {
  admin,
  createSigner,
  neverChecked,
  startRegistry,
  storeOf,
  stranger,
  toolOf,
} from '../registry/registry-fixture.ts';
import { accessibility, launchBrowser } from './browser.ts';

const server = (name: string, title: string) => ({
  name,
  title,
  description: `${title} and everything that one needs to know about it, in a sentence that does not fit on one line of a phone.`,
  upstream: 'http://127.0.0.1:8000',
  transports: { 'streamable-http': '/mcp', sse: '/sse' },
  tags: ['finance', 'a-rather-long-tag-of-30-letters'.slice(0, 30)],
});
const store = await storeOf(
  JSON.stringify([
    server('currenttime', 'Current time'),
    server('fininfo', 'Financial information'),
    server('locked', 'Locked'),
    server(
      'a-server-name-with-sixty-three-characters-is-the-longest-one-ok',
      'Averyveryverylongtitlewithoutanyspace'.repeat(2),
    ),
  ]),
);
const checkedAt = new Date();
const tools = [
  toolOf('current_time_by_timezone', { title: 'Clock', description: 'The time.\n\nArgs:\n  tz_name: a zone' }),
  toolOf('a_tool_with_a_very_long_name_'.repeat(6)),
];
const health: Record<string, Health> = {
  currenttime: { status: 'healthy', checkedAt, error: null, tools },
  fininfo: { status: 'unhealthy', checkedAt, error: 'It did not answer within 3 s.', tools },
  locked: {
    status: 'needs-authentication',
    checkedAt,
    error: 'It wants credentials of its own (HTTP 401).',
    tools: [],
  },
};

// A browser on a busy machine takes longer than a unit.
jest.setTimeout(30_000);

let browser: Browser;
let registry: Awaited<ReturnType<typeof startRegistry>>;
let signer: Awaited<ReturnType<typeof createSigner>>;
beforeAll(async () => {
  signer = await createSigner();
  registry = await startRegistry(signer.keys, { store, healthOf: (name) => health[name] ?? neverChecked });
  browser = await launchBrowser();
});
afterAll(async () => {
  await browser?.close();
  await registry?.close();
});

interface Visit {
  path: string;
  who?: object;
  scheme?: 'light' | 'dark';
  width?: number;
}

/** Opens a page as somebody would behind the gateway, and gathers what the browser complains about. */
async function visit(
  { path, who = admin, scheme = 'light', width = 1280 }: Visit,
  look: (page: Page, complaints: string[]) => Promise<void>,
): Promise<void> {
  const extraHTTPHeaders = { 'X-Mcp-Assertion': await signer.sign(who) };
  const context = await browser.newContext({ colorScheme: scheme, viewport: { width, height: 800 }, extraHTTPHeaders });
  try {
    const page = await context.newPage();
    const complaints: string[] = [];
    page.on('console', (message) => complaints.push(message.text()));
    page.on('pageerror', (error) => complaints.push(String(error)));
    await page.goto(registry.url + path);
    await look(page, complaints);
  } finally {
    await context.close();
  }
}

const pages: [string, string, object][] = [
  ['the list', '/', admin],
  ['the empty list', '/', stranger],
  ['a server that is up', '/servers/currenttime', admin],
  ['a server that is down', '/servers/fininfo', admin],
  ['a server that needs authentication', '/servers/locked', admin],
  ['a page that is not there', '/nowhere', admin],
];
const views = (['light', 'dark'] as const).flatMap((scheme) => [1280, 360].map((width) => ({ scheme, width })));

test.each(pages)(
  '%s has no fault of accessibility and does not scroll sideways, in any theme and width',
  async (_what, path, who) => {
    await visit({ path, who }, async (page) => {
      for (const { scheme, width } of views) {
        await page.emulateMedia({ colorScheme: scheme });
        await page.setViewportSize({ width, height: 800 });
        const { faults, passes } = await accessibility(page);
        const overflow = await page.evaluate('Math.max(0, document.documentElement.scrollWidth - innerWidth)');
        expect({ scheme, width, faults, overflow }).toEqual({ scheme, width, faults: [], overflow: 0 });
        expect(passes).toBeGreaterThan(10);
      }
    });
  },
);

test('The browser has nothing to complain about: style and icon load under the strict policy', async () => {
  await visit({ path: '/' }, async (page, complaints) => {
    await page.getByRole('link', { name: 'Current time' }).click();
    await page.getByRole('heading', { level: 1, name: 'Current time' }).waitFor();
    expect(complaints).toEqual([]);
    expect(await page.evaluate('getComputedStyle(document.querySelector(".card")).borderRadius')).toBe('8px');
  });
});

test('Both themes come from the same page', async () => {
  const ground = async (scheme: 'light' | 'dark') => {
    let colour: unknown;
    await visit({ path: '/', scheme }, async (page) => {
      colour = await page.evaluate('getComputedStyle(document.body).backgroundColor');
    });
    return colour;
  };
  expect(await ground('light')).toBe('rgb(246, 247, 249)');
  expect(await ground('dark')).toBe('rgb(16, 20, 24)');
});

test('Somebody with a keyboard can skip to the content, sees where they are, and reaches sign-out', async () => {
  await visit({ path: '/' }, async (page) => {
    await page.keyboard.press('Tab');
    expect(await page.evaluate('document.activeElement.textContent')).toBe('Skip to content');
    expect(await page.evaluate('document.activeElement.getBoundingClientRect().top >= 0')).toBe(true);
    await page.keyboard.press('Tab');
    await page.keyboard.press('Tab');
    expect(await page.evaluate('document.activeElement.textContent')).toBe('Sign out');
    expect(await page.evaluate('getComputedStyle(document.activeElement).outlineWidth')).toBe('2px');
  });
});

test('One click on an address selects all of it', async () => {
  await visit({ path: '/servers/currenttime' }, async (page) => {
    const url = 'http://localhost:8080/currenttime/mcp';
    await page.getByText(url, { exact: true }).click();
    expect(await page.evaluate('getSelection().toString().trim()')).toBe(url);
  });
});

test('Signing out posts to the auth-server with our own origin, which it asks for', async () => {
  await visit({ path: '/' }, async (page) => {
    const sent = page.waitForRequest((request) => request.method() === 'POST');
    await page.getByRole('button', { name: 'Sign out' }).click();
    const request = await sent;
    expect(new URL(request.url()).pathname).toBe('/oauth2/logout/cognito');
    expect((await request.allHeaders()).origin).toBe(registry.url);
  });
});

test('A table stays a table for a screen reader when it looks like a list on a phone', async () => {
  await visit({ path: '/', width: 360 }, async (page) => {
    await page.getByRole('row').first().waitFor({ state: 'attached' });
    expect(await page.getByRole('row').count()).toBe(5);
    expect(await page.getByRole('columnheader', { name: 'Endpoint' }).count()).toBe(1);
  });
});
