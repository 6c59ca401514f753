import { join } from 'node:path';
import { Eta } from 'eta';
import type { RequestHandler, Response } from 'express';
import type { Person } from '../../access/guards.ts';
import type { Assets } from './assets.ts';
import {
  ago,
  cleaned,
  clockTime,
  counted,
  dayHead,
  exactTime,
  inWords,
  shortDay,
  shortened,
  tileOf,
  took,
  withCommas,
} from './format.ts';
import type { Navigation } from './navigation.ts';
import { statusWords } from './shown-status.ts';

/** What every page is given. Each page extends this by what its own template needs. */
export interface View {
  title: string;
  /** Undefined on a page that needs no identity: it has no navigation. */
  person?: Person | undefined;
}

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
    scripts: scripts.map(assets.href),
    themeScript: assets.href('theme.js'),
    paletteScript: assets.href('palette.js'),
    style: assets.href('design.css'),
    icons: assets.href('icons.svg'),
    logo: assets.href('icon.svg'),
    icon: (name: string) => iconMark(assets.href('icons.svg'), name),
    tileOf,
    asset: assets.href,
    ago: (time: Date) => ago(time, now()),
    exactTime,
    clockTime,
    took,
    dayHead,
    shortDay: (time: Date) => shortDay(time, now()),
    counted,
    withCommas,
    inWords,
    cleaned,
    statusWords,
    firstLine: (text: string) => shortened(text.trim().split('\n', 1)[0] ?? '', 160),
  };
  const part = (template: string, data: object) => eta.render(`/${template}`, { ...helpers, ...data });
  const page = (res: Response, status: number, template: string, view: View): void => {
    const html = part(template, {
      navigation: view.person && navigation(view.person, res.req.path, res.req.get('x-mcp-assertion')),
      note: res.locals.note,
      ...view,
    });
    res.status(status).type('html').send(html);
  };
  return Object.assign(page, { part });
}

/** An icon of `public/icons.svg`. It says nothing by itself: a word stands beside it, or names its button. */
function iconMark(file: string, name: string): string {
  return `<svg class="icon" aria-hidden="true" focusable="false"><use href="${file}#${name}"/></svg>`;
}

/** `GET /static/kitchen-sink`: every part of the pages in both themes, for those who change them. */
export function showKitchenSink(render: Render): RequestHandler {
  return (_req, res) => void res.type('html').send(render.part('layout/kitchen-sink', {}));
}
