import type { Browser, BrowserContext, Page } from 'playwright-core';
import type { Gateway } from '../gateway/gateway.ts';

/** The browser of a person who is signed in at the gateway, and its console errors. */
export interface Visit {
  context: BrowserContext;
  page: Page;
  complaints: string[];
}

/** Opens a browser for `person`, with their session. */
export async function openAs(
  browser: Browser,
  gateway: Pick<Gateway, 'url' | 'sessionCookie'>,
  person: string,
  options: Parameters<Browser['newContext']>[0] = {},
): Promise<Visit> {
  const context = await browser.newContext({ viewport: { width: 1280, height: 800 }, ...options });
  context.setDefaultTimeout(150_000);
  const [name = '', value = ''] = (await gateway.sessionCookie(person)).split(/=(.*)/s);
  await context.addCookies([{ name, value, url: gateway.url, httpOnly: true, sameSite: 'Lax' }]);
  const page = await context.newPage();
  const complaints: string[] = [];
  page.on('pageerror', (error) => complaints.push(String(error)));
  page.on('console', (message) => {
    if (message.type() === 'error' || message.type() === 'warning') complaints.push(message.text());
  });
  return { context, page, complaints };
}
