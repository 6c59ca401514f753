import { type Request, type RequestHandler, type Response, Router } from 'express';
import { type Person, personOf } from '../../access/guards.ts';
import { notFound } from '../../access/permissions.ts';
import { RegistryError } from '../../errors/registry-error.ts';
import type { ApprovedDefinitions } from '../../pins/approved-definitions.ts';
import { type DetailsParts, detailsFor, serverParts, stateOf } from '../details/details.ts';
import { readServerView } from '../details/view.ts';
import { type ListParts, listFor, listParts } from '../list/list.ts';
import { readListQuery } from '../list/query.ts';
import { marksOf, missing, type Part } from '../shared/digest.ts';

export interface LiveOptions extends Omit<ListParts, 'definitions'>, Omit<DetailsParts, 'definitions'> {
  guard: RequestHandler;
  definitions: Pick<ApprovedDefinitions, 'hashes' | 'of'>;
  /** Draws a template. */
  draw: (template: string, data: object) => string;
}

/** How often a stream looks for changes. */
const intervalMs = 1_000;
/** How often a stream says that the registry is alive: a page that hears nothing tells its reader (public/live.js). */
const aliveMs = 5_000;
/** When a stream ends. The browser connects again, and must identify itself again. */
const endMs = 60_000;
/** Limits of open streams: for one person, and for all. */
const mostOfOne = 12;
const most = 500;

/**
 * `GET /live`, mounted at `/-`: the changes of an open page as an event stream (HTML standard, "Server-sent events"). With
 * `server`, the `tab` of that server's page; otherwise the list for `q`, `show` and `page`. Each event holds the parts that htmx puts
 * into the page. Its id says what the page then shows; the browser sends it back in `have` or `Last-Event-ID`, so that
 * nothing is sent twice. Each look asks the policy what the person may see. Only nginx checks their session, on connect, so
 * a stream ends after a minute and the browser connects again.
 */
export function createLive(options: LiveOptions): Router {
  const open = new Map<string, number>();
  let all = 0;
  const api = Router({ caseSensitive: true, strict: true });
  api.get('/live', options.guard, async (req, res) => {
    const person = personOf(req);
    const look = await lookerFor(options, person, req);
    const own = open.get(person.sub) ?? 0;
    if (own >= mostOfOne || all >= most) return void res.status(429).set('Retry-After', '30').end();
    open.set(person.sub, own + 1);
    all += 1;
    res.once('close', () => {
      const left = (open.get(person.sub) ?? 1) - 1;
      if (left > 0) open.set(person.sub, left);
      else open.delete(person.sub);
      all -= 1;
    });
    stream(options.draw, res, look, marksIn(req));
  });
  return api;
}

/** Returns what a page shows now; undefined if nothing has changed, `gone` if the page no longer exists. */
type Look = () => Promise<readonly Part[] | undefined | 'gone'>;

async function lookerFor(options: LiveOptions, person: Person, req: Request): Promise<Look> {
  const { server } = req.query;
  if (server === undefined) {
    const query = readListQuery(req.query);
    return async () => listParts(listFor(options, person, query));
  }
  if (typeof server !== 'string' || !options.catalogue.get(person, server)) throw notFound();
  const view = readServerView(req.query.tab, req.query);
  let last = '';
  return async () => {
    const entry = options.catalogue.get(person, server);
    if (!entry) return 'gone';
    // The history gets a check some seconds after its outcome is known.
    const { pending = [], readOnly = [] } = options.definitions.hashes().get(server) ?? {};
    const known = options.knownTools();
    const approved = [...(known.approved?.get(server) ?? [])];
    const hinted = [...readOnly, ...(known.readOnly.get(server) ?? [])];
    const state = JSON.stringify([
      stateOf(entry),
      options.iconOf(server),
      options.store.observations.storedAt(server),
      [...pending],
      approved,
      hinted,
    ]);
    if (state === last) return undefined;
    const details = await detailsFor(options, person, server, view);
    last = state;
    return details ? serverParts(details) : 'gone';
  };
}

const longestMarks = 4_000;

function marksIn(req: Request): string {
  const marks = req.get('last-event-id') || req.query.have;
  if (typeof marks !== 'string') return '';
  if (marks.length <= longestMarks && /^[\w.-]*$/.test(marks)) return marks;
  throw new RegistryError('input_invalid', 'have must be the value that the page was given.');
}

function stream(draw: LiveOptions['draw'], res: Response, look: Look, marks: string): void {
  res.set('Content-Type', 'text/event-stream; charset=utf-8');
  res.flushHeaders();
  res.write(': open\n\n');
  let have = marks;
  let isBusy = false;
  const tick = async () => {
    // A slow reader gets only the newest state once it reads again.
    if (isBusy || res.writableNeedDrain) return;
    isBusy = true;
    try {
      const parts = await look();
      if (res.destroyed || res.writableEnded) return;
      if (parts === 'gone') return void res.end();
      if (parts === undefined) return;
      const now = marksOf(parts);
      if (now === have) return;
      res.write(toEvent(now, partials(missing(parts, have), draw)));
      have = now;
    } catch {
      // The page stays as it is. The browser connects again and then gets the error.
      res.end();
    } finally {
      isBusy = false;
    }
  };
  const timer = setInterval(() => void tick(), intervalMs).unref();
  const alive = setInterval(() => {
    if (!res.writableNeedDrain) res.write('event: alive\n\n');
  }, aliveMs).unref();
  const end = setTimeout(() => res.end(), endMs).unref();
  res.once('close', () => {
    clearInterval(timer);
    clearInterval(alive);
    clearTimeout(end);
  });
  void tick();
}

/** The results contain their rows, so those are not drawn again. */
function partials(parts: readonly Part[], draw: LiveOptions['draw']): string {
  const whole = parts.some(({ template }) => template === 'list/results');
  return parts
    .filter(({ template }) => !(whole && template === 'list/row'))
    .map((part) => {
      const html = draw(part.template, part.data);
      return `<hx-partial hx-target="#${part.id}" hx-swap="outerMorph">${html}</hx-partial>`;
    })
    .join('\n');
}

function toEvent(id: string, html: string): string {
  const lines = html.split(/\r\n|\r|\n/).filter((line) => line.trim() !== '');
  // An event without data is not dispatched, and its id would be lost.
  const data = lines.length > 0 ? lines : ['<!-- nothing -->'];
  return `id: ${id}\n${data.map((line) => `data: ${line}\n`).join('')}\n`;
}
