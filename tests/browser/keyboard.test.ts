import { jest } from '@jest/globals';
import type { Browser, Page } from 'playwright-core';
import { launchBrowser } from '../support/browser/browser.ts';
import { openAs, type Visit } from '../support/browser/visit.ts';
import { send } from '../support/gateway/send.ts';
import { sharedGateway } from '../support/gateway/shared-gateway.ts';

// A browser test on a busy machine takes longer than a unit test.
jest.setTimeout(240_000);

const gateway = await sharedGateway();
let browser: Browser;
const visits: Visit[] = [];

beforeAll(async () => {
  browser = await launchBrowser();
  const cookie = await gateway.sessionCookie('alice');
  const headers = { cookie, origin: gateway.url, 'content-type': 'application/json' };
  const path = '/api/servers/currenttime/check';
  expect((await send(gateway.ports.gateway, { method: 'POST', path, headers })).status).toBe(200);
});
afterAll(() => browser?.close());
afterEach(async () => {
  for (const { context } of visits.splice(0)) await context.close();
});

async function open(path: string): Promise<Visit> {
  const visit = await openAs(browser, gateway, 'alice');
  visits.push(visit);
  await visit.page.goto(gateway.url + path);
  return visit;
}

/** What has the focus: its text or its label; `undefined` if nothing has. */
const focused = (page: Page): Promise<string | undefined> =>
  page.evaluate(`(() => {
    const { activeElement: it } = document;
    if (it === document.body) return undefined;
    return (it.labels?.[0] ?? it).textContent.trim().replace(/\\s+/g, ' ') || it.getAttribute('aria-label') || it.tagName;
  })()`);

/** Whether the element with the focus, or the part that stands for it, is in sight and has a visible ring. */
const isSeen = (page: Page): Promise<boolean> =>
  page.evaluate(`(() => {
    const ringOf = (element) => {
      const { outlineStyle, outlineWidth, outlineColor } = getComputedStyle(element);
      return outlineStyle !== 'none' && parseFloat(outlineWidth) > 1 && !/^rgba.*, 0\\)$/.test(outlineColor);
    };
    const it = document.activeElement;
    const shown = ringOf(it) ? it : it.closest('label');
    if (!shown || !ringOf(shown)) return false;
    const { top, bottom, width, height } = shown.getBoundingClientRect();
    return bottom > 0 && top < innerHeight && width > 0 && height > 0;
  })()`);

const mostStops = 200;

/** Presses Tab until `wanted`, in a part of the page, has the focus. Each stop on the way must be seen. */
async function tabTo(page: Page, wanted: RegExp, part = 'body'): Promise<void> {
  const isInPart = () => page.evaluate(`document.activeElement.closest('${part}') !== null`);
  const passed: (string | undefined)[] = [];
  while (passed.length < mostStops) {
    await page.keyboard.press('Tab');
    const now = await focused(page);
    if (now !== undefined) expect([now, await isSeen(page)]).toEqual([now, true]);
    if (now !== undefined && wanted.test(now) && (await isInPart())) return;
    passed.push(now);
  }
  throw new Error(`Tab does not reach ${wanted}: ${passed.join(' | ')}`);
}

async function goTo(page: Page, text: string, first: RegExp): Promise<void> {
  await page.waitForLoadState();
  await page.keyboard.press('Control+k');
  await page.keyboard.type(text);
  await page.getByRole('option', { selected: true, name: first }).waitFor();
  await page.keyboard.press('Enter');
}

test('By keyboard alone, a person goes to a server, through its tabs, to a tool, calls it, and goes back', async () => {
  const { page, complaints } = await open('/');
  await goTo(page, 'currentt', /^currenttime/);
  await page.waitForURL('**/servers/currenttime');
  for (const tab of ['Connect', 'Access', 'Health', 'History', 'Tools']) {
    await tabTo(page, new RegExp(`^${tab}`), '.tabs');
    await page.keyboard.press('Enter');
    await page.waitForURL(tab === 'Tools' ? '**/servers/currenttime' : `**/servers/currenttime/${tab.toLowerCase()}`);
    await page.locator(`.tabs a[aria-current="page"]:has-text("${tab}")`).waitFor();
  }

  // The scripts of the page have run by then.
  await page.waitForLoadState();
  await page.keyboard.press('/');
  await page.keyboard.type('current_time_by');
  await tabTo(page, /^current_time_by_timezone/);
  await page.keyboard.press('Enter');
  await tabTo(page, /^Try it/);
  await page.keyboard.press('Enter');
  await page.waitForURL('**/try');
  await tabTo(page, /^tz_name/);
  await page.keyboard.type('Asia/Tokyo');
  await tabTo(page, /^Call current_time_by_timezone/);
  await page.keyboard.press('Enter');
  await page.getByText('The tool answered.').waitFor();

  await goTo(page, 'servers', /^Servers/);
  await page.waitForURL(`${gateway.url}/`);
  expect(complaints).toEqual([]);
});

test.each([
  '/',
  '/servers/currenttime',
  '/servers/currenttime/connect',
  '/servers/currenttime/access',
  '/servers/currenttime/health',
  '/servers/currenttime/history',
  '/servers/currenttime/tools/current_time_by_timezone/try',
  '/servers/currenttime/edit',
  '/rights',
  '/account',
  '/audit',
  '/register',
])('On %s, Tab reaches everything that can be used, shows where it is, and leaves the page', async (path) => {
  const { page } = await open(path);
  await page.evaluate(`(() => {
    window.reached = new Set();
    document.addEventListener('focusin', ({ target }) => reached.add(target));
  })()`);
  let stops = 0;
  for (; stops < mostStops; stops++) {
    await page.keyboard.press('Tab');
    const now = await focused(page);
    // Behind the last stop, the focus is in no element.
    if (now === undefined) break;
    expect([now, await isSeen(page)]).toEqual([now, true]);
  }
  expect(stops).toBeLessThan(mostStops);
  const missed =
    await page.evaluate(`[...document.querySelectorAll('a[href], button, input, select, textarea, summary')]
    .filter((each) => each.tabIndex >= 0 && each.type !== 'radio' && each.checkVisibility({ visibilityProperty: true }))
    .filter((each) => !each.closest('fieldset:disabled') && !each.disabled && !reached.has(each))
    .map((each) => each.outerHTML.slice(0, 120))`);
  expect(missed).toEqual([]);
  if (process.env.SHOW_STOPS) process.stderr.write(`${path}: ${stops} tab stops\n`);
});
