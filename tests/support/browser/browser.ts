import { existsSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { type Browser, chromium, type Page } from 'playwright-core';

const axeSource = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

/** The first has no windows: it opens a page with a fifth of the processor time. */
const programs = ['/usr/bin/chromium-headless-shell', '/usr/bin/chromium'];

/** Debian's Chromium, without access to the internet. */
export function launchBrowser(): Promise<Browser> {
  return chromium.launch({
    executablePath: programs.find((program) => existsSync(program)) ?? '/usr/bin/chromium',
    args: [
      '--no-sandbox',
      '--disable-gpu',
      '--disable-quic',
      '--no-first-run',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
    ],
  });
}

/**
 * The violations of WCAG 2.2 A and AA that axe finds on the current page.
 * @param rules only these rules; all if undefined
 * @param without none of these rules
 * @param within JavaScript for an array of elements: only in these; if it is empty, nothing is checked
 */
export async function accessibility(
  page: Page,
  {
    rules,
    without = [],
    within = '[document]',
  }: { rules?: readonly string[]; without?: readonly string[]; within?: string } = {},
): Promise<{ faults: [id: string, nodes: string[]][]; passes: number }> {
  // page.evaluate bypasses the page's Content-Security-Policy, so the policy stays unchanged.
  if (!(await page.evaluate('"axe" in window'))) await page.evaluate(axeSource);
  const runOnly = rules ?? ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa'];
  const off = Object.fromEntries(without.map((rule) => [rule, { enabled: false }]));
  const options = JSON.stringify({ runOnly, rules: off, resultTypes: ['violations'] });
  return await page.evaluate(`(async () => {
    const include = ${within};
    if (include.length === 0) return { faults: [], passes: 0 };
    const { violations, passes } = await axe.run({ include }, ${options});
    return { faults: violations.map(({ id, nodes }) => [id, nodes.map(({ html }) => html)]), passes: passes.length };
  })()`);
}

/** The elements that extend beyond the right edge of the window. Should be empty: otherwise the page scrolls sideways. */
export async function tooWide(page: Page): Promise<string[]> {
  return await page.evaluate(`(() => {
    const { scrollWidth } = document.documentElement;
    if (scrollWidth <= innerWidth) return [];
    const over = [...document.querySelectorAll('body *')].filter((each) => each.getBoundingClientRect().right > innerWidth);
    return [scrollWidth + ' px', ...over.map((each) => each.outerHTML.slice(0, 120))];
  })()`);
}

/** Short words of running text that a line break divides, each with what is around it. Should be empty. */
export async function brokenWords(page: Page): Promise<string[]> {
  return await page.evaluate(`(() => {
    const found = [];
    const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    const range = document.createRange();
    for (let node = texts.nextNode(); node; node = texts.nextNode()) {
      if (node.parentElement.closest('code, pre, script, .unseen, select') || !node.parentElement.checkVisibility()) continue;
      for (const { 0: word, index } of node.data.matchAll(/(?<![\\w-])[A-Za-z]{2,20}(?![\\w-])/g)) {
        range.setStart(node, index);
        range.setEnd(node, index + word.length);
        const tops = new Set([...range.getClientRects()].map(({ top }) => Math.round(top)));
        if (tops.size > 1) found.push(word + ': ' + node.parentElement.outerHTML.slice(0, 100));
      }
    }
    return found;
  })()`);
}
