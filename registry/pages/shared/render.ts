import { join } from 'node:path';
import { Eta } from 'eta';
import type { Response } from 'express';
import type { Person } from '../../access/guards.ts';
import type { Assets } from './assets.ts';
import { ago, clockTime, counted, dayHead, exactTime } from './format.ts';
import type { Navigation } from './navigation.ts';

/** What every page is given. Each page extends this by what its own template needs. */
export interface View {
  title: string;
  /** Undefined on a page that needs no identity: it has no navigation. */
  person?: Person | undefined;
}

/** Later files override earlier ones. Every page links them all, so that a browser fetches them once. */
const styles = ['tokens', 'base', 'layout', 'parts', 'list', 'server', 'forms', 'audit'];
const scripts = ['htmx.js', 'page.js', 'times.js', 'forms.js', 'live.js'];

export interface Render {
  /** Answers with the page that `template` makes of `view`. Name the view's type: without it, this does not compile. */
  <Page extends View = never>(res: Response, status: number, template: string, view: NoInfer<Page>): void;
  /** Draws one part of a page. */
  part: (template: string, data: object) => string;
}

/**
 * Makes the renderer over `registry/pages/views`. The templates escape every value.
 * @param now the clock behind "12 s ago"
 */
export function createRender(assets: Assets, navigation: Navigation, now: () => Date): Render {
  const eta = new Eta({ views: join(import.meta.dirname, '..', 'views'), cache: true, autoEscape: true });
  const helpers = {
    styles: styles.map((name) => assets.href(`${name}.css`)),
    scripts: scripts.map(assets.href),
    themeScript: assets.href('theme.js'),
    icon: assets.href('icon.svg'),
    asset: assets.href,
    ago: (time: Date) => ago(time, now()),
    exactTime,
    clockTime,
    dayHead,
    counted,
  };
  const part = (template: string, data: object) => eta.render(`./${template}`, { ...helpers, ...data });
  const page = (res: Response, status: number, template: string, view: View): void => {
    const places = view.person ? navigation(view.person, res.req.path) : [];
    const html = part(template, { navigation: places, note: res.locals.note, ...view });
    res.status(status).type('html').send(html);
  };
  return Object.assign(page, { part });
}
