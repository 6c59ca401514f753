import { existsSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { type APIRequestContext, type Browser, chromium, type Page } from 'playwright-core';

const axeSource = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

/** The first has no windows: it opens a page with a fifth of the processor time. */
const programs = ['/usr/bin/chromium-headless-shell', '/usr/bin/chromium'];

/** A browser ends unless another test file asks for one before that. */
const idleMilliseconds = 800;

let running: Promise<Browser> | undefined;
let idle: NodeJS.Timeout | undefined;

/**
 * Debian's Chromium, without access to the internet. The test files of a worker that follow each other share it: `close` ends
 * what a file has opened in it.
 */
export async function launchBrowser(): Promise<Browser> {
  clearTimeout(idle);
  running ??= launch();
  return await running;
}

async function launch(): Promise<Browser> {
  const browser = await chromium.launch({
    executablePath: programs.find((program) => existsSync(program)) ?? '/usr/bin/chromium',
    args: [
      '--no-sandbox',
      '--disable-gpu',
      // Otherwise the empty page with which a context begins has a process of its own.
      '--renderer-process-limit=1',
      '--disable-quic',
      '--no-first-run',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
    ],
  });
  const own = running;
  // Another may have been started since.
  const forget = () => {
    if (running === own) running = undefined;
  };
  browser.once('disconnected', forget);
  browser.on('context', ({ request }) => keepNoConnections(request));
  const end = browser.close.bind(browser);
  browser.close = async () => {
    await Promise.all(browser.contexts().map((context) => context.close()));
    idle = setTimeout(() => {
      forget();
      void end();
    }, idleMilliseconds).unref();
  };
  return browser;
}

/** `page.request` opens a connection for each request, as the tests' own fetch does (environment.ts says why). */
function keepNoConnections(request: APIRequestContext): void {
  const ask = request.fetch.bind(request);
  request.fetch = (url, options) => ask(url, { ...options, headers: { ...options?.headers, Connection: 'close' } });
}

/** Loads axe into the current page, unless it is there. page.evaluate bypasses the page's Content-Security-Policy. */
export async function loadAxe(page: Page): Promise<void> {
  if (!(await page.evaluate('"axe" in window'))) await page.evaluate(axeSource);
}

/** Why axe judges some looks on no page: on a picture, or one colour for text and ground, as in some systems' forced colours. */
const reasonsOfLooks = ['bgGradient', 'bgImage', 'equalRatio'];

/**
 * The violations of WCAG 2.2 A and AA that axe finds on the current page.
 * @param rules only these rules; all if undefined
 * @param without none of these rules
 * @returns the faults, and the marks (looks.ts) of the elements whose colours have passed, or are judged on no page
 */
export async function accessibility(
  page: Page,
  { rules, without = [] }: { rules?: readonly string[]; without?: readonly string[] } = {},
): Promise<{ faults: [id: string, nodes: string[]][]; passed: number[] }> {
  await loadAxe(page);
  const runOnly = rules ?? ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa'];
  const off = Object.fromEntries(without.map((rule) => [rule, { enabled: false }]));
  const reasons = JSON.stringify(reasonsOfLooks);
  // The only rule for which axe would load something looks for audio and video. Its own reporters describe each element.
  return await page.evaluate(`axe.run({
    runOnly: ${JSON.stringify(runOnly)},
    rules: ${JSON.stringify(off)},
    preload: { assets: ['media'] },
    reporter: (results, _options, done) => done({
      faults: results.filter(({ violations }) => violations.length > 0)
        .map(({ id, violations }) => [id, violations.map(({ node }) => node.source)]),
      passed: results.flatMap(({ id, passes, incomplete }) => {
        const name = { 'color-contrast': 'text', 'link-in-text-block': 'link' }[id];
        const never = incomplete.filter(({ any }) => any.some(({ data }) => ${reasons}.includes(data?.messageKey)));
        return name ? [...passes, ...never].map(({ node }) => Number(node.element.dataset[name])) : [];
      }),
    }),
  })`);
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
