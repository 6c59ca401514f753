import { expect } from '@jest/globals';
import type { BrowserContext, Page } from 'playwright-core';
import { faultsInEveryCondition } from './conditions.ts';

/** What a page has done that no page may do, and what has moved in it by how much since it was opened. */
export interface Watched {
  complaints: string[];
  shift: () => Promise<unknown[]>;
}

/**
 * A browser on a busy machine draws a line before its end is there, and then moves what stands in it by as much. It is a tenth
 * of what readers notice (web.dev, "Cumulative Layout Shift").
 */
const drawnWhileItArrives = 0.01;

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
    window.shifted = [];
    // Browsers forgive what moves within half a second of a press. The answer to a form may come later.
    let [isSent, answeredAt] = [false, -Infinity];
    document.addEventListener('submit', () => (isSent = true));
    document.addEventListener('htmx:after:swap', () => {
      if (isSent) answeredAt = performance.now();
      isSent = false;
    });
    new PerformanceObserver((list) => {
      for (const { value, sources, hadRecentInput, startTime } of list.getEntries())
        if (!hadRecentInput && Math.abs(startTime - answeredAt) > 1_000 && value >= ${drawnWhileItArrives})
          window.shifted.push([value, ...sources.map(({ node }) => node?.outerHTML?.slice(0, 120))]);
    }).observe({ type: 'layout-shift', buffered: true });
    document.addEventListener('securitypolicyviolation', (event) => console.error('CSP: ' + event.violatedDirective));
  `);
  return { complaints, shift: () => page.evaluate('window.shifted') };
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
