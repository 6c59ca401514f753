import type { Browser, Page } from 'playwright-core';
import { launchBrowser } from './browser.ts';
import { expectFit, inContext, type Watched } from './fit.ts';
import { type Scene, startScene } from './scene.ts';
import { boss } from './scene-data.ts';

/** Brings a page into a state. */
export type Prepare = (page: Page) => Promise<unknown>;

/** A page of the registry, in a state in which everyone must be able to use it. */
export interface State {
  what: string;
  path: string;
  who?: object;
  prepare?: Prepare;
}
export const state = (what: string, path: string, more: Partial<State> = {}): State => ({ what, path, ...more });

/**
 * A browser and a scene for a test file. Each state takes a second of processor time or more: several files share them, so that
 * no worker is at it for minutes.
 * @param options those of the scene
 * @returns `open` calls back with a page in a context that ends afterwards; `expectUsable` brings one into a state and looks at it
 */
export function useScene(options: Parameters<typeof startScene>[0]) {
  let browser: Browser;
  let scene: Scene;
  beforeAll(async () => {
    browser = await launchBrowser();
    scene = await startScene(options);
  });
  afterAll(async () => {
    await browser?.close();
    await scene?.close();
  });

  const open = async (
    { path, who = boss }: Partial<State>,
    look: (page: Page, watched: Watched, scene: Scene) => Promise<unknown>,
  ) => {
    await inContext(await browser.newContext({ viewport: { width: 1440, height: 900 } }), async (page, watched) => {
      await page.context().setExtraHTTPHeaders(await scene.headersOf(who));
      if (path) await page.goto(scene.url + path);
      await look(page, watched, scene);
    });
  };
  const expectUsable = async (each: State) => {
    await open(each, async (page, watched) => {
      await each.prepare?.(page);
      await expectFit(page, watched);
    });
  };
  return { open, expectUsable };
}
