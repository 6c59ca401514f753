import { type Response, Router } from 'express';
import * as z from 'zod';
import { type Identify, personOf, requirePerson } from '../access/guards.ts';
import { readInput } from '../errors/read-input.ts';
import { RegistryError } from '../errors/registry-error.ts';
import { createLook, type HubChangesOptions } from '../hub/changes.ts';
import { createElements } from '../hub/elements.ts';
import { createPictures, type PictureOptions } from '../hub/picture.ts';
import type { ApprovedDefinitions } from '../pins/approved-definitions.ts';

export interface HubApiOptions extends HubChangesOptions, Omit<PictureOptions, 'elementsOf'> {
  identify: Identify;
  definitions: Pick<ApprovedDefinitions, 'of' | 'hashes'>;
  /** How often a feed looks for changes, in milliseconds. */
  intervalMs?: number | undefined;
}

const query = z.object({ set: z.string('must be one name').max(63).default('') });

/** A feed goes to a process of the hub. */
const mostFeeds = 64;
/** How often a feed says that the registry is alive. */
const aliveMs = 5_000;

/**
 * What the hub asks, mounted at `/api/hub`, with the assertion that its own caller's request brought it. No other audience
 * counts here, and this one counts nowhere else in the registry.
 *
 * - `GET /lists?set=`: what the caller may use of all servers, or of a set (`registry/hub/picture.ts`).
 * - `GET /changes`: an event stream with one {@link HubChange} a second at most, the same for all callers.
 */
export function createHubApi(options: HubApiOptions): Router {
  const { servers, definitions, healthOf, identify, intervalMs = 1_000 } = options;
  const picture = createPictures({ ...options, elementsOf: createElements(healthOf, definitions) });
  const api = Router({ caseSensitive: true, strict: true });
  const feeds = new Set<Response>();
  api.use(requirePerson(identify, ['#hub']));
  api.get('/lists', async (req, res) => {
    const { set } = readInput(query, req.query, () => 'set is the name of a set; without it, all servers count.');
    const found = set === '' ? undefined : servers().find(({ name }) => name === set);
    // A set that is disabled has no route; its streams may be open still.
    const members = found?.enabled ? found.members : null;
    if (set !== '' && members === null) throw new RegistryError('not_found', `There is no set called "${set}".`);
    res.json(await picture(personOf(req).scopes, members ?? undefined));
  });
  api.get('/changes', (_req, res) => {
    if (feeds.size >= mostFeeds) return void res.status(429).set('Retry-After', '30').end();
    feeds.add(res);
    stream(res, createLook(options), intervalMs);
    res.once('close', () => feeds.delete(res));
  });
  return api;
}

function stream(res: Response, look: ReturnType<typeof createLook>, intervalMs: number): void {
  res.set('Content-Type', 'text/event-stream; charset=utf-8');
  res.flushHeaders();
  res.write(': open\n\n');
  const timer = setInterval(() => {
    // A slow reader gets later all that has changed meanwhile.
    if (res.writableNeedDrain) return;
    const change = look();
    if (change) res.write(`data: ${JSON.stringify(change)}\n\n`);
  }, intervalMs).unref();
  const alive = setInterval(() => {
    if (!res.writableNeedDrain) res.write(': alive\n\n');
  }, aliveMs).unref();
  res.once('close', () => {
    clearInterval(timer);
    clearInterval(alive);
  });
}
