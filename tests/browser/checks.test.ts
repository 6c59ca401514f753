// Whether the checks that every page passes notice a fault, and how pages arrive over a slow line.
import { jest } from '@jest/globals';
import type { Browser } from 'playwright-core';
import { launchBrowser } from '../support/browser/browser.ts';
import { faultsInEveryCondition } from '../support/browser/conditions.ts';
import { inContext } from '../support/browser/fit.ts';
import { longName, startScene } from '../support/browser/scene.ts';
import { boss } from '../support/browser/scene-data.ts';
import { listen } from '../support/listen.ts';

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
  @media (400px < width < 760px) { .label { display: none } }
  @media (350px < width < 400px) { .narrow { color: #ddd } }
  @media (max-width: 350px) { .pane { background: #222 } a { padding: 0; line-height: 1 } }
  @media (forced-colors: active) { .forced { forced-color-adjust: none; color: #777; background: #666 } }
</style></head><body><main><h1>A page</h1>
  <p class="dim">Dim in the dark</p><p class="wide">Dim in the dark, and only wide</p><p class="narrow">Dim on large phones</p>
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
    ['1440-dark', 'color-contrast: Dim in the dark,Dim in the dark, and only wide'],
    ['320-dark', 'color-contrast: On a pane that is dark on small phones', 'target-size: One,Two,Three'],
    ['320', 'color-contrast: On a pane that is dark on small phones'],
    ['390', 'color-contrast: Dim on large phones'],
    ['720-zoom', 'button-name: Save'],
  ]);
  await page.context().close();
});

test('A page moves nothing while its second half is still on its way', async () => {
  const scene = await startScene({ isLong: true });
  const path = `/servers/${longName}`;
  const drawn = Promise.withResolvers<void>();
  const { port, close } = await listen(async ({ url }, res) => {
    if (url !== path && !url?.startsWith('/static/')) return void res.writeHead(204).end();
    const answer = await fetch(scene.url + url, { headers: await scene.headersOf(boss) });
    res.writeHead(answer.status, {
      'content-type': answer.headers.get('content-type') ?? '',
      'content-security-policy': answer.headers.get('content-security-policy') ?? '',
    });
    const body = Buffer.from(await answer.arrayBuffer());
    if (url !== path) return void res.end(body);
    const half = body.indexOf('role="switch"');
    res.write(body.subarray(0, half));
    await drawn.promise;
    res.end(body.subarray(half));
  });
  try {
    await inContext(await browser.newContext({ viewport: { width: 1440, height: 900 } }), async (page, watched) => {
      await page.exposeFunction('tellDrawn', drawn.resolve);
      // A browser that waits for the end of the page draws no frame: then the rest comes after a moment.
      await page.addInitScript(`{
        const look = () => {
          if (!document.querySelector('h1')) return setTimeout(look, 10);
          setTimeout(tellDrawn, 300);
          requestAnimationFrame(() => requestAnimationFrame(() => requestAnimationFrame(tellDrawn)));
        };
        look();
      }`);
      await page.goto(`http://127.0.0.1:${port}${path}`);
      await page.evaluate('new Promise((drawn) => requestAnimationFrame(() => requestAnimationFrame(drawn)))');
      expect([await watched.shift(), watched.complaints]).toEqual([[], []]);
    });
  } finally {
    await close();
    await scene.close();
  }
});
