import { join } from 'node:path';
import { Eta } from 'eta';
import type { Response } from 'express';
import type { CatalogueEntry } from '../catalogue.ts';
import type { Person } from '../guards.ts';
import type { Assets } from './assets.ts';
import { ago, counted, exactTime } from './format.ts';

/** What each template is given; a page that forgets something does not compile. */
export interface Views {
  servers: { title: string; person: Person; servers: readonly CatalogueEntry[]; none: boolean };
  server: { title: string; person: Person; server: CatalogueEntry; snippet: string };
  message: { title: string; person: Person | undefined; text: string; hint: string };
  /** Has no header and no stylesheet: who gets to see it may not fetch one. */
  'no-identity': { title: string; publicUrl: string };
}

/** Answers with a page: fills template `view` with `data`. */
export type Render = <View extends keyof Views>(res: Response, status: number, view: View, data: Views[View]) => void;

/**
 * Makes the page renderer over `registry/views`. The templates escape every value; no page is ever cached.
 * @param now the clock behind "12 s ago"
 */
export function createRender(assets: Assets, now: () => Date): Render {
  const eta = new Eta({ views: join(import.meta.dirname, '..', 'views'), cache: true, autoEscape: true });
  const helpers = {
    style: assets.href('style.css'),
    icon: assets.href('icon.svg'),
    ago: (time: Date) => ago(time, now()),
    exactTime,
    counted,
  };
  return (res, status, view, data) => {
    const html = eta.render(`./${view}`, { ...helpers, ...data });
    res.status(status).set('Cache-Control', 'no-store').type('html').send(html);
  };
}
