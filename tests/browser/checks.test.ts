// Whether the checks that every page passes would notice a fault.
import { jest } from '@jest/globals';
import type { Browser } from 'playwright-core';
import { launchBrowser } from '../support/browser/browser.ts';
import { faultsInEveryCondition } from '../support/browser/conditions.ts';

// A browser test on a busy machine takes longer than a unit test.
jest.setTimeout(180_000);

let browser: Browser;
beforeAll(async () => {
  browser = await launchBrowser();
});
afterAll(() => browser?.close());

/** Each style is a fault under one condition. */
const withFaults = `<!doctype html><html lang="en"><head><title>A page</title><style>
  body { color: black; background: white }
  a, button { display: inline-block; padding: 12px }
  :focus-visible { outline: 2px solid black }
  @media (prefers-color-scheme: dark) { .dim, .wide { color: #777; background: #666 } }
  @media (max-width: 1000px) { .wide { display: none } }
  @media (max-width: 760px) { .label { display: none } }
  @media (max-width: 400px) { .narrow { color: #ddd } }
  @media (max-width: 350px) { .pane { background: #222 } a { padding: 0; line-height: 1 } }
  @media (forced-colors: active) { .forced { forced-color-adjust: none; color: #777; background: #666 } }
</style></head><body><main><h1>A page</h1>
  <p class="dim">Dim in the dark</p><p class="wide">Dim in the dark, and only wide</p><p class="narrow">Dim on phones</p>
  <div class="pane"><p>On a pane that is dark on small phones</p></div><p class="forced">Dim in forced colours</p>
  <button type="button"><span class="label">Save</span></button>
  <nav><a href="#a">One</a><br><a href="#b">Two</a><br><a href="#c">Three</a></nav>
</main></body></html>`;

test('A fault that pages have in one theme or one width only is found there', async () => {
  const page = await browser.newPage();
  await page.route('http://localhost/', (route) => route.fulfill({ contentType: 'text/html', body: withFaults }));
  await page.goto('http://localhost/');
  type Faults = { in: string; colour?: [string, string[]][]; accessibility?: [string, string[]][] };
  const found = (await faultsInEveryCondition(page)) as Faults[];
  const said = found.map(({ in: condition, colour = [], accessibility = [] }) => [
    condition,
    ...[...colour, ...accessibility].map(
      ([rule, nodes]) => `${rule}: ${nodes.map((node) => node.replace(/<[^>]+>/g, ''))}`,
    ),
  ]);
  expect(said).toEqual([
    ['1440-forced', 'color-contrast: Dim in forced colours'],
    ['720-zoom', 'button-name: Save'],
    ['390', 'color-contrast: Dim on phones'],
    ['320', 'color-contrast: On a pane that is dark on small phones', 'target-size: One,Two,Three'],
    ['320-dark', 'color-contrast: Dim in the dark,Dim on phones,On a pane that is dark on small phones'],
    ['1440-dark', 'color-contrast: Dim in the dark, and only wide'],
  ]);
  await page.context().close();
});
