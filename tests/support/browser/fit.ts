import { expect } from '@jest/globals';
import type { BrowserContext, Page } from 'playwright-core';
import { faultsInEveryCondition } from './conditions.ts';

/** What a page has done that no page may do, and what has moved in it by how much since it was opened. */
export interface Watched {
  complaints: string[];
  shift: () => Promise<unknown[]>;
}

/**
 * The scripts of a page put times into the reader's zone. On a busy machine they run after the page was
 * drawn, and what they change moves by up to as much. It is a tenth of what readers notice (web.dev, "Cumulative Layout Shift").
 */
const movedByScripts = 0.01;

/** Collects what a page does that no page may do. Call it before the page is opened. */
export async function watch(page: Page): Promise<Watched> {
  const complaints: string[] = [];
  page.on('console', (message) => {
    // The browser reports every answer that is not 2xx. That is not a fault of the page.
    if (!message.text().startsWith('Failed to load resource')) complaints.push(message.text());
  });
  page.on('pageerror', (error) => complaints.push(String(error)));
  page.on('request', (request) => {
    const { origin, protocol } = new URL(request.url());
    const own = new URL(request.frame().url() === 'about:blank' ? request.url() : request.frame().url()).origin;
    if (protocol !== 'data:' && !request.isNavigationRequest() && origin !== own) complaints.push(request.url());
  });
  await page.addInitScript(`
    window.moves = [];
    // Browsers forgive what moves within half a second of a press. Here, the answer to what a press asks is forgiven as well:
    // on a busy machine it comes later.
    let pressed = -Infinity;
    window.answers = [];
    for (const press of ['click', 'keydown', 'submit']) addEventListener(press, () => (pressed = performance.now()), true);
    const ask = window.fetch;
    window.fetch = async (...question) => {
      const isPressed = performance.now() - pressed < 500;
      const answer = await ask(...question);
      if (isPressed) answers.push(performance.now());
      return answer;
    };
    new PerformanceObserver((list) => {
      for (const { value, sources, hadRecentInput, startTime } of list.getEntries())
        if (!hadRecentInput && value >= ${movedByScripts})
          moves.push({ at: startTime, what: [value, ...sources.map(({ node }) => node?.outerHTML?.slice(0, 120))] });
    }).observe({ type: 'layout-shift', buffered: true });
    window.shifted = () =>
      moves.filter(({ at }) => !answers.some((answer) => answer <= at && at <= answer + 1_000)).map(({ what }) => what);
    document.addEventListener('securitypolicyviolation', (event) => console.error('CSP: ' + event.violatedDirective));
  `);
  return { complaints, shift: () => page.evaluate('shifted()') };
}

/** Looks at a page that has loaded: it has not moved, has loaded nothing from elsewhere, and everyone can use it. */
export async function expectFit(page: Page, { complaints, shift }: Watched): Promise<void> {
  await page.waitForLoadState('load');
  await page.evaluate('new Promise((drawn) => requestAnimationFrame(() => requestAnimationFrame(drawn)))');
  const shots = process.env.SCREENSHOTS;
  const name = expect.getState().currentTestName?.replaceAll(/\W+/g, '-');
  const picture = (condition: string) =>
    page.screenshot({ path: `${shots}/${name}-${condition.replaceAll(' ', '-')}.png`, fullPage: true });
  const moved = await shift();
  const faults = await faultsInEveryCondition(page, shots ? picture : undefined);
  expect({ moved, complaints, faults }).toEqual({ moved: [], complaints: [], faults: [] });
}

/** Opens a page in a context that ends afterwards. */
export async function inContext(
  context: BrowserContext,
  look: (page: Page, watched: Watched) => Promise<void>,
): Promise<void> {
  context.setDefaultTimeout(90_000);
  try {
    const page = await context.newPage();
    await look(page, await watch(page));
  } finally {
    await context.close();
  }
}
