import { join } from 'node:path';
import { Eta } from 'eta';
import type { Response } from 'express';
import type { Person } from '../../access/guards.ts';
import type { RegisteredServer } from '../../servers/server.ts';
import type { AuditView, DecisionView } from '../audit/audit.ts';
import type { Details } from '../details/details.ts';
import type { FormView } from '../forms/form-page.ts';
import type { List } from '../list/list.ts';
import type { ShownTool } from '../list/servers.ts';
import type { RightsView } from '../rights/rights-page.ts';
import type { Assets } from './assets.ts';
import type { Part } from './digest.ts';
import { ago, counted, exactTime } from './format.ts';
import type { Navigation } from './navigation.ts';

/** What each template is given; a page that forgets something does not compile. */
export interface Views {
  servers: {
    title: string;
    person: Person;
    /** Whether there is no server at all. */
    none: boolean;
    list: List;
    /** Tools that were found; undefined if none were looked for. */
    tools: readonly ShownTool[] | undefined;
    /** Where the page hears what changes. */
    live: string;
  };
  server: { title: string; person: Person; details: Details; live: string };
  message: { title: string; person: Person | undefined; text: string; hint: string };
  'server-form': FormView;
  'delete-server': { title: string; person: Person; server: RegisteredServer; fault: string };
  rights: RightsView;
  audit: AuditView;
  decision: DecisionView;
  /** Has no header and no stylesheet: who gets to see it may not fetch one. */
  'no-identity': { title: string; publicUrl: string };
}

export interface RenderOptions {
  assets: Assets;
  navigation: Navigation;
  /** The clock behind "12 s ago". */
  now: () => Date;
}

/** In this order: later ones draw from the earlier. Every page has them all, so that a browser fetches them once. */
const styles = [
  'tokens.css',
  'base.css',
  'layout.css',
  'parts.css',
  'list.css',
  'server.css',
  'forms.css',
  'audit.css',
];
const scripts = ['htmx.js', 'hx-sse.js', 'page.js'];

/** Answers with a page: fills template `view` with `data`. */
export interface Render {
  <View extends keyof Views>(res: Response, status: number, view: View, data: Views[View]): void;
  /** Draws a part of a page. */
  part: (view: Part['view'], data: object) => string;
}

/**
 * Makes the page renderer over `registry/pages/views`. The templates escape every value; no page is ever cached.
 */
export function createRender({ assets, navigation, now }: RenderOptions): Render {
  const eta = new Eta({ views: join(import.meta.dirname, '..', 'views'), cache: true, autoEscape: true });
  const helpers = {
    styles: styles.map(assets.href),
    scripts: scripts.map(assets.href),
    themeScript: assets.href('theme.js'),
    icon: assets.href('icon.svg'),
    ago: (time: Date) => ago(time, now()),
    exactTime,
    counted,
  };
  const page = <View extends keyof Views>(res: Response, status: number, view: View, data: Views[View]): void => {
    const { person } = { person: undefined, ...data };
    const places = person ? navigation(person, res.req.path) : [];
    const html = eta.render(`./${view}`, { ...helpers, navigation: places, note: res.locals.note, ...data });
    res.status(status).set('Cache-Control', 'no-store').type('html').send(html);
  };
  return Object.assign(page, {
    part: (view: Part['view'], data: object) => eta.render(`./${view}`, { ...helpers, ...data }),
  });
}
