import type { Page } from 'playwright-core';
import { answerCalls } from '../../support/browser/answer-calls.ts';

/** A picture of a page for the documentation. `of`: the registry of the scene, or a gateway. */
export interface Picture {
  file: string;
  of: 'registry' | 'gateway';
  path: string;
  theme?: 'dark';
  isPhone?: boolean;
  prepare?: (page: Page) => Promise<void>;
}

const call = async (page: Page) => {
  const number = { number: 318, state: 'open', url: 'https://github.com/acme/website/issues/318' };
  const text = `Opened issue #318 in acme/website.\n\n${JSON.stringify(number, null, 2)}`;
  await answerCalls(page, { result: { content: [{ type: 'text', text }] } });
  await page.getByLabel(/^repo/).fill('acme/website');
  await page.getByLabel(/^title/).fill('Footer link leads nowhere');
  await page.getByRole('button', { name: 'Call create_issue' }).click();
  await page.getByRole('region', { name: 'Answer' }).waitFor();
};

const openPalette = async (page: Page) => {
  await page.getByRole('button', { name: 'Search or go to' }).click();
  await page.getByRole('option', { name: 'My rights' }).waitFor();
  await page.keyboard.type('git');
};

/** The pictures that `npm run docs:screenshots` makes. Those of `docs/images/before-*` are of a version that is gone. */
export const pictures: readonly Picture[] = [
  { file: 'list.webp', of: 'registry', path: '/' },
  { file: 'list-dark.webp', of: 'registry', path: '/', theme: 'dark' },
  { file: 'list-phone.webp', of: 'registry', path: '/', isPhone: true },
  { file: 'server.webp', of: 'registry', path: '/servers/github' },
  { file: 'server-health-dark.webp', of: 'registry', path: '/servers/github/health', theme: 'dark' },
  { file: 'try.webp', of: 'registry', path: '/servers/github/tools/create_issue/try', prepare: call },
  { file: 'palette.webp', of: 'registry', path: '/', prepare: openPalette },
  { file: 'usage.webp', of: 'registry', path: '/usage' },
  { file: 'login.webp', of: 'gateway', path: '/login' },
  { file: 'error.webp', of: 'gateway', path: '/nothing-at-all' },
];
