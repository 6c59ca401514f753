import { jest } from '@jest/globals';
import type { Browser, BrowserContextOptions, Page } from 'playwright-core';
import type { Decision, DecisionsQuery, SumsQuery } from '../../common/doors/decisions.ts';
import { parsePolicy } from '../../common/policy/policy-file.ts';
import type { AuditDoor } from '../../registry/doors/decisions.ts';
import { launchBrowser } from '../support/browser/browser.ts';
import { sumsOf } from '../support/browser/scene-audit.ts';
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
  subject: 's-bob',
  username: 'bob',
  groups: ['mcp-registry-user'],
  scopes: ['auditor'],
  resource: 'mcp',
  http: 'POST /currenttime/mcp',
  server: 'currenttime',
  method: 'tools/call',
  object: 'now',
  policy: 'x',
  microseconds: 10,
  ...more,
});
let decisions: Decision[];
let asked: DecisionsQuery[];
let askedForSums: SumsQuery[];
let askedForNames: object[];
let browser: Browser;
let registry: Awaited<ReturnType<typeof startRegistry>>;
beforeAll(async () => {
  const audit: AuditDoor = {
    async decisions(_assertion, query) {
      asked.push(query);
      const found = query.id ? decisions.filter(({ id }) => id === query.id) : decisions;
      return { decisions: found, next: null, kept: decisions.length, oldest: decisions.at(-1)?.at ?? null };
    },
    async sums(_assertion, query) {
      askedForSums.push(query);
      return sumsOf(decisions);
    },
    async suggest(_assertion, query) {
      askedForNames.push(query);
      return { values: [{ value: 's-bob', label: 'bob' }] };
    },
  };
  registry = await startRegistry(signer.keys, { policy: () => policy, audit });
  browser = await launchBrowser();
});
afterAll(async () => {
  await browser?.close();
  await registry?.close();
});
beforeEach(() => {
  asked = [];
  askedForSums = [];
  askedForNames = [];
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
  const filters = '?verdict=deny&person=bob&server=current';
  const phone = { viewport: { width: 390, height: 800 } };
  const look = async (page: Page) => {
    await page.getByRole('link', { name: /^00:30:05|^22:30:05/ }).click();
    await page.getByRole('heading', { name: 'now on currenttime' }).waitFor();
    await page.locator('.crumbs a').click();
    await page.waitForURL(`${registry.url}/audit${filters}`);
    expect(await page.getByLabel('Person or agent').inputValue()).toBe('bob');
  };
  await visit(`/audit${filters}`, look, phone);
  await visit(`/audit${filters}`, look, { ...phone, javaScriptEnabled: false });
});

test('A decision opens beside its list, which stays as it is, and closes with the filters and the focus of before', async () => {
  await visit('/audit?verdict=deny', async (page) => {
    const row = page.getByRole('link', { name: /^23:59:00/ });
    await page.evaluate('window.before = document.getElementById("log").firstElementChild');
    await row.focus();
    await page.keyboard.press('Enter');
    await page.getByRole('complementary', { name: 'The opened record' }).waitFor();
    expect(await page.locator('.record .small time').innerText()).toBe('2026-11-23 23:59:00');
    await page.waitForURL(`${registry.url}/audit/c-0-1?verdict=deny`);
    expect(await row.getAttribute('aria-current')).toBe('true');
    expect(await page.evaluate('document.activeElement.getAttribute("aria-current")')).toBe('true');
    expect(await page.getByRole('status').allInnerTexts()).toContain('Opened beside the list: now on currenttime');
    await page.getByRole('link', { name: 'Close the record' }).click();
    await page.waitForURL(`${registry.url}/audit?verdict=deny`);
    expect(await page.evaluate('document.activeElement.querySelector("time").innerText')).toBe('23:59:00');
    expect(await page.locator('.record').count()).toBe(0);
    await page.goBack();
    await page.getByRole('complementary', { name: 'The opened record' }).waitFor();
    expect(await page.evaluate('window.before === document.getElementById("log").firstElementChild')).toBe(true);
  });
});

test('A span of time stays relative in the address, and is a time when the gateway is asked', async () => {
  await visit('/audit', async (page) => {
    const sinceMs = () => Date.parse(asked.at(-1)?.since ?? '');
    expect(Date.now() - sinceMs()).toBeGreaterThanOrEqual(86_400_000);
    await page.getByRole('navigation', { name: 'Time' }).getByRole('link', { name: '7 d' }).click();
    await page.waitForURL(`${registry.url}/audit?span=7d`);
    expect(Date.now() - sinceMs()).toBeGreaterThanOrEqual(604_800_000);
    await page.getByLabel('Person or agent').fill('bob');
    await page.getByRole('button', { name: 'Filter', exact: true }).click();
    await page.waitForURL(`${registry.url}/audit?person=bob&span=7d`);
    await page.getByRole('navigation', { name: 'Time' }).getByRole('link', { name: 'All kept' }).click();
    await page.waitForURL(`${registry.url}/audit?person=bob&span=all`);
    expect(asked.at(-1)?.since).toBeUndefined();
    await page.getByRole('navigation', { name: 'Verdict' }).getByRole('link', { name: 'Refused' }).click();
    await page.waitForURL(`${registry.url}/audit?verdict=deny&person=bob&span=all`);
    expect(asked.at(-1)).toMatchObject({ verdict: 'deny', person: 'bob' });
  });
});

test('Names are suggested while one types, and a sum by person, tool and reason filters', async () => {
  decisions = [...decisions, decision('c-0-9', '2026-11-22T22:30:00.000Z', { object: 'convert', subject: 's-eve' })];
  await visit('/audit', async (page) => {
    await page.getByLabel('Person or agent').pressSequentially('bo');
    await page.locator('#persons option[value="bob"]').waitFor({ state: 'attached' });
    expect(askedForNames.at(-1)).toEqual({ kind: 'person', q: 'bo' });
    await page.getByText('More filters').click();
    await page.getByLabel('Tool or method').pressSequentially('con');
    await page.locator('#tools option').waitFor({ state: 'attached' });
    expect(askedForNames.at(-1)).toEqual({ kind: 'object', q: 'con' });
    const sums = page.getByRole('complementary', { name: 'Sums' });
    expect((await sums.innerText()).replaceAll(/\s+/g, ' ')).toMatch(
      /currenttime now 3 currenttime convert 1 .*no rule allows it 4/,
    );
    expect(askedForSums.at(-1)?.since).toBe(asked.at(-1)?.since);
    await page.getByText('2 combinations of person, tool and reason').click();
    await page.getByRole('link', { name: 'bob currenttime convert no rule allows it 1' }).click();
    await page.waitForURL(/tool=convert/);
    expect(asked.at(-1)).toMatchObject({
      ...{ verdict: 'deny', person: 's-eve', server: 'currenttime', tool: 'convert', reason: 'not_permitted' },
    });
    expect(await page.getByLabel('Person or agent').inputValue()).toBe('bob');
  });
});

const visitAt = (id: string, at: string, reason = 'credentials_missing'): Decision => {
  return { id, at, verdict: 'deny', reason, status: 401, resource: 'registry', http: 'GET /' };
};

test('Visits without a sign-in that follow each other are one line that opens, and a filter shows or leaves them out', async () => {
  decisions = [
    decision('c-0-9', '2026-11-23T12:00:09.000Z'),
    visitAt('c-0-8', '2026-11-23T12:00:08.000Z'),
    visitAt('c-0-7', '2026-11-23T12:00:07.000Z', 'session_expired'),
    decision('c-0-6', '2026-11-23T12:00:06.000Z'),
  ];
  await visit('/audit', async (page) => {
    expect(await page.locator('[data-day-item]').count()).toBe(3);
    const fold = page.getByText('2 visits without sign-in');
    expect(await page.locator('#d-c-0-7').isVisible()).toBe(false);
    await fold.click();
    await page.getByRole('link', { name: /^14:00:07/ }).waitFor();
    await page.getByRole('link', { name: 'Leave visits without sign-in out' }).click();
    await page.waitForURL(/caller=known/);
    expect(asked.at(-1)?.caller).toBe('known');
    await page.getByRole('navigation', { name: 'Verdict' }).getByRole('link', { name: 'Without sign-in' }).click();
    await page.waitForURL(/caller=none/);
    expect(asked.at(-1)?.caller).toBe('none');
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
  decisions.push(visitAt('c-0-00', '2026-11-22T23:00:00.000Z'), visitAt('c-0-01', '2026-11-22T22:59:00.000Z'));
  await visit('/audit', async (page) => {
    await page.clock.install();
    await page.reload();
    await page.getByText('2 visits without sign-in').click();
    await page.getByRole('button', { name: 'Watch live' }).click();
    const link = page.getByRole('link', { name: /^23:59:00/ });
    await link.focus();
    await page.evaluate(`(() => {
      const range = document.createRange();
      range.selectNodeContents(document.querySelector('#d-c-0-0 code'));
      getSelection().removeAllRanges();
      getSelection().addRange(range);
      window.row = document.activeElement;
    })()`);
    const state = () =>
      page.evaluate(
        `[document.activeElement === row, getSelection().toString(), document.querySelector('#visits-c-0-01 > details').open]`,
      );
    expect(await state()).toEqual([true, 'now', true]);
    decisions = [decision('c-0-3', '2026-11-23T22:31:00.000Z'), ...decisions];
    await page.clock.runFor(3_000);
    await page.getByRole('link', { name: /^00:31:00/ }).waitFor();
    expect(await state()).toEqual([true, 'now', true]);
    expect(await timesOn(page)).toEqual([
      ['Tuesday, 24 November 2026', '00:31:00', '00:30:05'],
      ['Monday, 23 November 2026', '23:59:00', '01:30:00', '01:00:00', '01:00:00', '00:59:00'],
    ]);
    const live = page.locator('[data-live-state]');
    expect(await live.innerText()).toBe('1 new, 1 since you watch');
    // Visits go into a line of their own, which takes up those that follow.
    for (const n of [4, 5]) {
      decisions = [visitAt(`c-0-${n}`, `2026-11-23T22:3${n}:00.000Z`), ...decisions];
      await page.clock.runFor(3_000);
      await page.locator(`#d-c-0-${n}`).waitFor({ state: 'attached' });
    }
    expect(await live.innerText()).toBe('1 new, 3 since you watch');
    expect(await page.locator('#log summary').first().innerText()).toMatch(/00:35:00\s+2 visits without sign-in/);
    await page.clock.runFor(15 * 60_000);
    await page.getByText('It has stopped after 15 minutes').waitFor();
    await page.getByRole('button', { name: 'Watch live' }).waitFor();
    expect(await state()).toEqual([true, 'now', true]);
  });
});
