import { jest } from '@jest/globals';
import type { Browser, BrowserContextOptions, Page } from 'playwright-core';
import type { Decision, DecisionsQuery } from '../../common/policy/decisions.ts';
import { parsePolicy } from '../../common/policy/policy-file.ts';
import { launchBrowser } from '../support/browser/browser.ts';
import { admin, signer, startRegistry, user } from '../support/registry/registry-fixture.ts';

// A browser test on a busy machine takes longer than a unit test.
jest.setTimeout(120_000);

const policy = parsePolicy(`
group_mappings:
  mcp-registry-admin: [mcp-registry-admin]
  mcp-registry-user: [auditor]
UI-Scopes:
  mcp-registry-admin: { list_service: [all], modify_service: [all], view_audit: [all] }
  auditor: { view_audit: [all] }
`);
const auditor = { ...user, scopes: ['auditor'] };

const decision = (id: string, at: string, more: Partial<Decision> = {}): Decision => ({
  id,
  at,
  verdict: 'deny',
  reason: 'not_permitted',
  username: 'bob',
  groups: ['mcp-registry-user'],
  scopes: ['auditor'],
  resource: 'mcp',
  server: 'currenttime',
  method: 'tools/call',
  object: 'now',
  policy: 'x',
  microseconds: 10,
  ...more,
});
let decisions: Decision[];
let asked: DecisionsQuery[];
let browser: Browser;
let registry: Awaited<ReturnType<typeof startRegistry>>;
beforeAll(async () => {
  const readDecisions = async (_assertion: string, query: DecisionsQuery) => {
    asked.push(query);
    const found = query.id ? decisions.filter(({ id }) => id === query.id) : decisions;
    return { decisions: found, next: null, kept: decisions.length, oldest: decisions.at(-1)?.at ?? null };
  };
  registry = await startRegistry(signer.keys, { policy: () => policy, readDecisions });
  browser = await launchBrowser();
});
afterAll(async () => {
  await browser?.close();
  await registry?.close();
});
beforeEach(() => {
  asked = [];
  decisions = [
    decision('c-0-2', '2026-11-23T22:30:05.000Z'),
    decision('c-0-1', '2026-11-23T21:59:00.000Z'),
    decision('c-0-0', '2026-11-22T23:30:00.000Z'),
  ];
});

async function visit(
  path: string,
  look: (page: Page) => Promise<void>,
  { who = admin, ...options }: BrowserContextOptions & { who?: object } = {},
): Promise<void> {
  const extraHTTPHeaders = { 'X-Mcp-Assertion': await signer.sign({ ...admin, ...who }) };
  const context = await browser.newContext({ extraHTTPHeaders, timezoneId: 'Europe/Athens', ...options });
  context.setDefaultTimeout(90_000);
  try {
    const page = await context.newPage();
    await page.goto(registry.url + path);
    await look(page);
  } finally {
    await context.close();
  }
}
/** Each day with its clock times. */
const timesOn = (page: Page) =>
  page.evaluate(`[...document.querySelectorAll('.decisions section')].map((day) => [
    day.querySelector('.day').innerText.trim(), ...[...day.querySelectorAll('time')].map((time) => time.innerText)])`);

test('Decisions have clock times under the heads of their days, in the zone of the reader', async () => {
  await visit('/audit', async (page) => {
    // Athens is two hours ahead: other times, and other days.
    expect(await timesOn(page)).toEqual([
      ['Tuesday, 24 November 2026', '00:30:05'],
      ['Monday, 23 November 2026', '23:59:00', '01:30:00'],
    ]);
    expect(await page.locator('time').nth(1).getAttribute('title')).toBe('2026-11-23 22:30:05 UTC');
    expect(await page.locator('main').innerText()).not.toContain('UTC');
  });
});

test('Without JavaScript, the times of decisions are UTC, and the page says so', async () => {
  await visit(
    '/audit?since=2026-11-22T09:00',
    async (page) => {
      await page.getByRole('heading', { name: 'Monday, 23 November 2026 (UTC)' }).waitFor();
      await page.getByText('More filters').click();
      expect(await page.getByLabel('From (UTC)').inputValue()).toBe('2026-11-22T09:00');
      await page.getByText('22:30:05').waitFor();
      await page.getByRole('button', { name: 'Filter', exact: true }).click();
      await page.waitForURL(/since=2026-11-22T09/);
      expect(asked.at(-1)?.since).toBe('2026-11-22T09:00:00Z');
    },
    { javaScriptEnabled: false },
  );
});

test('A time in the filter is one of the reader, and the address has it in UTC', async () => {
  await visit('/audit', async (page) => {
    await page.getByText('More filters').click();
    await page.getByLabel('From', { exact: true }).fill('2026-11-24T00:15:00');
    await page.getByRole('button', { name: 'Filter', exact: true }).click();
    await page.waitForURL(/since=2026-11-23T22%3A15%3A00/);
    expect(asked.at(-1)?.since).toBe('2026-11-23T22:15:00Z');
    expect(await page.getByLabel('From', { exact: true }).inputValue()).toMatch(/^2026-11-24T00:15/);
    await page.getByRole('button', { name: 'Filter', exact: true }).click();
    await page.waitForLoadState();
    expect(asked.at(-1)?.since).toBe('2026-11-23T22:15:00Z');
  });
});

test('The way back from a decision keeps the filters', async () => {
  await visit('/audit?verdict=deny&person=bob&server=current', async (page) => {
    await page.getByRole('link', { name: /^00:30:05/ }).click();
    await page.getByRole('heading', { name: 'Refused' }).waitFor();
    expect(await page.locator('dd time').innerText()).toBe('2026-11-24 00:30:05');
    await page.getByRole('link', { name: 'Audit', exact: true }).first().waitFor();
    await page.locator('.crumbs a').click();
    await page.waitForURL(`${registry.url}/audit?verdict=deny&person=bob&server=current`);
    expect(await page.getByLabel('Person or agent').inputValue()).toBe('bob');
  });
});

test('Only who may explain decisions is sent to the explanation', async () => {
  await visit('/audit/c-0-2', async (page) => {
    await page.getByRole('link', { name: 'Ask the policy as it is now' }).waitFor();
  });
  await visit(
    '/audit/c-0-2',
    async (page) => {
      await page.getByRole('link', { name: 'All of this caller' }).waitFor();
      expect(await page.getByRole('link', { name: /Ask the policy/ }).count()).toBe(0);
    },
    { who: auditor },
  );
});

test('The live view adds a decision and leaves focus, selected text and scroll position alone', async () => {
  const now = Math.floor(Date.now() / 1000);
  await visit(`/audit?live=${now}`, async (page) => {
    const link = page.getByRole('link', { name: /^23:59:00/ });
    await link.focus();
    await page.evaluate(`(() => {
      const range = document.createRange();
      range.selectNodeContents(document.querySelector('#d-c-0-0 code'));
      getSelection().removeAllRanges();
      getSelection().addRange(range);
    })()`);
    const state = () =>
      page.evaluate(`[document.activeElement.querySelector('time').innerText, getSelection().toString()]`);
    expect(await state()).toEqual(['23:59:00', 'now']);
    decisions = [decision('c-0-3', '2026-11-23T22:31:00.000Z'), ...decisions];
    await page.getByRole('link', { name: /^00:31:00/ }).waitFor();
    expect(await state()).toEqual(['23:59:00', 'now']);
    expect(await timesOn(page)).toEqual([
      ['Tuesday, 24 November 2026', '00:31:00', '00:30:05'],
      ['Monday, 23 November 2026', '23:59:00', '01:30:00'],
    ]);
  });
});
