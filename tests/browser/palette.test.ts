import { jest } from '@jest/globals';
import type { Browser, Page } from 'playwright-core';
import { parsePolicy } from '../../common/policy/policy-file.ts';
import type { ToolInfo } from '../../registry/servers/tool.ts';
import { launchBrowser } from '../support/browser/browser.ts';
import {
  admin,
  neverChecked,
  signer,
  startRegistry,
  storeOf,
  toolOf,
  user,
} from '../support/registry/registry-fixture.ts';

// A browser test on a busy machine takes longer than a unit test.
jest.setTimeout(120_000);

const hostile = '<img src=x onerror="window.hit = 1"> of the "tools"';
const policy = parsePolicy(`
group_mappings: { mcp-registry-admin: [mcp-registry-admin], mcp-registry-user: [mcp-registry-user] }
UI-Scopes:
  mcp-registry-admin: { list_service: [all], register_service: [all], modify_service: [all] }
  mcp-registry-user: { list_service: [github] }
mcp-registry-admin:
  - { server: "*", methods: ["*"], tools: ["*"] }
mcp-registry-user:
  - { server: github, methods: [tools/call], tools: [search_*] }
`);
const about = { description: 'A server', upstream: 'http://127.0.0.1:8000', transports: { 'streamable-http': '/mcp' } };
const servers = [
  { name: 'github', title: 'GitHub', ...about },
  { name: 'legit', title: 'Legit', ...about },
];
const tools: ToolInfo[] = [
  toolOf('search_code', { description: 'Finds code in repositories.' }),
  toolOf('create_issue', { description: hostile }),
  toolOf(hostile),
];

let browser: Browser;
let registry: Awaited<ReturnType<typeof startRegistry>>;

async function start(toolsOf: (name: string) => ToolInfo[]) {
  const store = await storeOf(JSON.stringify(servers));
  const healthOf = (name: string) => ({ ...neverChecked, status: 'healthy' as const, tools: toolsOf(name) });
  return startRegistry(signer.keys, { store, policy: () => policy, healthOf });
}

beforeAll(async () => {
  [registry, browser] = await Promise.all([start((name) => (name === 'github' ? tools : [])), launchBrowser()]);
});
afterAll(async () => {
  await browser?.close();
  await registry?.close();
});

interface Visit {
  path?: string;
  who?: object;
  url?: string;
  options?: Parameters<Browser['newContext']>[0];
}

async function visit(
  { path = '/', who = admin, url = registry.url, options = {} }: Visit,
  look: (page: Page, complaints: string[]) => Promise<void>,
): Promise<void> {
  const extraHTTPHeaders = { 'X-Mcp-Assertion': await signer.sign(who) };
  const context = await browser.newContext({ viewport: { width: 1280, height: 800 }, extraHTTPHeaders, ...options });
  context.setDefaultTimeout(60_000);
  try {
    const page = await context.newPage();
    const complaints: string[] = [];
    page.on('console', (message) => complaints.push(message.text()));
    page.on('pageerror', (error) => complaints.push(String(error)));
    await page.goto(url + path);
    await look(page, complaints);
  } finally {
    await context.close();
  }
}

const field = (page: Page) => page.getByRole('combobox', { name: 'Search or go to' });
/** Opens the palette, and waits until it knows what this person may see. */
async function open(page: Page, key = 'Control+k'): Promise<void> {
  const answer = page.waitForResponse((response) => new URL(response.url()).pathname === '/-/palette');
  await page.keyboard.press(key);
  await answer;
  await page.getByRole('option', { name: 'My rights' }).waitFor();
}
const optionsOf = (page: Page) => page.getByRole('option').locator('> span:nth-child(2)').allInnerTexts();
const chosen = (page: Page): Promise<string> =>
  page.evaluate(`(() => {
    const { activeElement } = document;
    const option = document.getElementById(activeElement.getAttribute('aria-activedescendant') ?? '');
    const selected = document.querySelectorAll('[role="option"][aria-selected="true"]');
    return option && selected.length === 1 && selected[0] === option ? option.children[1].innerText : 'none';
  })()`);
const isOpen = (page: Page) => field(page).isVisible();

test('Ctrl+K opens it, arrows choose, Enter goes, and what begins with the text comes first', async () => {
  await visit({ path: '/rights' }, async (page, complaints) => {
    await open(page);
    expect(await chosen(page)).toBe('none');
    await page.keyboard.type('git');
    expect(await optionsOf(page)).toEqual([
      'GitHub 3 tools, healthy',
      'Legit healthy',
      'search_code on GitHub · Finds code in repositories.',
      `create_issue on GitHub · ${hostile}`,
      `${hostile} on GitHub`,
      'Connect a client to GitHub',
      'Edit GitHub',
      'Search servers and tools for “git”',
    ]);
    expect(await page.getByRole('option').locator('mark').first().innerText()).toBe('Git');
    expect(await chosen(page)).toBe('GitHub 3 tools, healthy');
    await page.keyboard.press('ArrowUp');
    expect(await chosen(page)).toBe('Search servers and tools for “git”');
    await page.keyboard.press('ArrowDown');
    await page.keyboard.press('ArrowDown');
    await page.keyboard.press('ArrowDown');
    expect(await chosen(page)).toMatch(/^search_code/);
    await page.keyboard.press('Enter');
    await page.waitForURL('**/servers/github#tool-search_code');
    await page.locator('#tool-search_code[open]').waitFor();

    // A tool of the page that is open already.
    await open(page);
    await page.keyboard.type('create');
    await page.keyboard.press('Enter');
    await page.locator('#tool-create_issue[open]').waitFor();
    expect(await isOpen(page)).toBe(false);
    expect(complaints).toEqual([]);
  });
});

test('Names and words of tools stay text', async () => {
  await visit({}, async (page, complaints) => {
    await open(page);
    await page.keyboard.type('<img');
    await page.getByRole('option', { name: hostile }).first().waitFor();
    expect(await page.locator('.palette img').count()).toBe(0);
    expect(await page.evaluate('window.hit')).toBeUndefined();
    await page.keyboard.press('Enter');
    await page.locator('.tool[open]').waitFor();
    expect(complaints).toEqual([]);
  });
});

test('A person gets what they may see and call, and an administrator also what they may do', async () => {
  await visit({ who: user }, async (page) => {
    await open(page);
    expect(await optionsOf(page)).toEqual([
      ...['Servers', 'My rights', 'My account', 'Requests for access', 'Changes of all servers'],
      ...['Theme: Light', 'Theme: Dark', 'Sign out'],
    ]);
    for (const hidden of ['create', 'legit', 'register', 'edit']) {
      await field(page).fill(hidden);
      expect(await optionsOf(page)).toEqual([`Search servers and tools for “${hidden}”`]);
    }
  });
  await visit({}, async (page) => {
    await open(page);
    await field(page).fill('new');
    await field(page).fill('register');
    await page.keyboard.press('Enter');
    await page.waitForURL('**/register');
    await open(page);
    await field(page).fill('import');
    await page.keyboard.press('Enter');
    await page.locator('#import[open]').waitFor();
  });
});

test('Escape, a second Ctrl+K, the button and a press outside close it, and the focus returns', async () => {
  await visit({}, async (page) => {
    const focused = () => page.evaluate('document.activeElement.textContent.trim()');
    await page.getByRole('link', { name: 'GitHub', exact: true }).focus();
    await open(page);
    for (const close of ['Escape', 'Control+k']) {
      await page.keyboard.type('a text');
      await page.keyboard.press(close);
      expect([close, await isOpen(page), await focused()]).toEqual([close, false, 'GitHub']);
      await page.keyboard.press('Control+k');
      expect([await isOpen(page), await field(page).inputValue()]).toEqual([true, '']);
    }
    await page.getByRole('button', { name: 'Close' }).click();
    expect([await isOpen(page), await focused()]).toEqual([false, 'GitHub']);
    await page.getByRole('button', { name: 'Search or go to' }).click();
    expect(await isOpen(page)).toBe(true);
    await page.mouse.click(20, 780);
    expect(await isOpen(page)).toBe(false);
  });
});

test('The slash goes to the search of a page, and opens the palette where there is none', async () => {
  for (const [path, id] of [
    ['/', 'q'],
    ['/servers/github', 'find'],
    ['/rights', 'find'],
  ] as const)
    await visit({ path }, async (page) => {
      await page.keyboard.press('/');
      expect([path, await page.evaluate('document.activeElement.id')]).toEqual([path, id]);
      await page.keyboard.type('a/b');
      expect(await page.locator(`#${id}`).inputValue()).toBe('a/b');
    });
  for (const path of ['/register', '/servers/github/connect', '/servers/github/edit', '/nowhere'])
    await visit({ path }, async (page) => {
      await open(page, '/');
      expect([path, await isOpen(page), await field(page).inputValue()]).toEqual([path, true, '']);
    });
});

test('It chooses the theme', async () => {
  await visit({}, async (page) => {
    await open(page);
    await page.keyboard.type('dark');
    await page.keyboard.press('Enter');
    expect(await page.evaluate('document.documentElement.dataset.theme')).toBe('dark');
    await openAgain(page);
    expect((await optionsOf(page)).filter((text) => text.startsWith('Theme'))).toEqual([
      'Theme: System',
      'Theme: Light',
    ]);
  });
});

/** Opens the palette of a page that has opened it before. */
async function openAgain(page: Page): Promise<void> {
  await page.keyboard.press('Control+k');
  await field(page).waitFor();
}

test('With too many tools for one answer, it finds those that fit by the search', async () => {
  const many = Array.from({ length: 1_000 }, (_, i) => toolOf(`tool_${i}`));
  const painter = toolOf('paint_wall', { description: 'Paints a wall.' });
  const large = await start((name) => [...many, ...(name === 'github' ? [painter] : [])]);
  try {
    // On a busy machine, the first searches come before the index is complete.
    const headers = { 'X-Mcp-Assertion': await signer.sign(admin) };
    const ready = async () => (await fetch(`${large.url}/-/palette?q=paint`, { headers })).text();
    while (!(await ready()).includes('paint_wall'));
    await visit({ url: large.url }, async (page, complaints) => {
      await open(page);
      await page.keyboard.type('paint');
      await page.getByRole('option', { name: 'paint_wall on GitHub · Paints a wall.' }).click();
      await page.waitForURL('**/servers/github#tool-paint_wall');
      expect(complaints).toEqual([]);
    });
  } finally {
    await large.close();
  }
});

test('It says so if the gateway does not answer, and asks again when it is opened again', async () => {
  await visit({}, async (page) => {
    await page.route('**/-/palette', (route) => route.fulfill({ status: 503, body: '{}' }));
    await page.keyboard.press('Control+k');
    await page.getByText('The gateway did not answer. Try again in a moment.').waitFor();
    await page.unroute('**/-/palette');
    await page.keyboard.press('Escape');
    await open(page);
    expect(await page.getByText('The gateway did not answer').count()).toBe(0);
  });
});

test('Without JavaScript its button is a link to the search', async () => {
  await visit({ path: '/rights', options: { javaScriptEnabled: false } }, async (page) => {
    await page.getByRole('link', { name: 'Search or go to' }).click();
    await page.waitForURL('**/#q');
    await page.getByRole('searchbox', { name: 'Search servers and tools' }).waitFor();
  });
});
