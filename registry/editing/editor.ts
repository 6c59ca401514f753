import type { Logger } from '../../common/service/log.ts';
import type { Policy } from '../../policy/policy.ts';
import { actorOf, type Person } from '../access/guards.ts';
import { notFound, requireRegistration, requireRight } from '../access/permissions.ts';
import { RegistryError } from '../errors/registry-error.ts';
import type { RouteOutcome } from '../routing/route-status.ts';
import { isFixedName } from '../servers/names.ts';
import type { RegisteredServer, ServerEntry, ServerSettings } from '../servers/server.ts';
import { settingsOf } from '../servers/server.ts';
import type { Replacement } from '../servers/server-input.ts';
import { type Action, differences } from '../store/change-log.ts';
import { changedMeanwhile, nameTaken, type RegistryStore } from '../store/store.ts';

export interface EditorOptions {
  store: RegistryStore;
  policy: () => Policy;
  /** Why a server's upstream may not be used, as text for the person; undefined if it may. */
  examine: (server: ServerEntry) => Promise<string | undefined>;
  /** Writes the routes and waits for nginx. */
  publish: () => Promise<RouteOutcome>;
  /** Called for every server with a new or changed route. */
  onRouted: (server: RegisteredServer) => void;
  log: Logger;
}

/** The outcome of a change. */
export interface Edited {
  /** Its new state; undefined once it is deleted. */
  server: RegisteredServer | undefined;
  /** Whether nginx accepted the routes, if they changed; `unknown` if it has not answered yet. */
  route: 'ok' | 'unknown';
  /** Further facts for the person. */
  warnings: readonly string[];
}

export type Editor = ReturnType<typeof createEditor>;

interface Step {
  before: RegisteredServer | undefined;
  next: ServerSettings | undefined;
  action: Action;
}

/**
 * Makes the editor, which changes servers for people: it checks their rights, stores the change, publishes the routes to
 * nginx, and undoes the change if nginx rejects them. Changes run one after another, so that a rejection by nginx belongs to
 * the current change. Every function throws {@link RegistryError}.
 */
export function createEditor(options: EditorOptions) {
  const { store, policy } = options;
  let queue: Promise<unknown> = Promise.resolve();
  const inTurn = <T>(work: () => Promise<T>): Promise<T> => {
    const run = queue.then(work);
    queue = run.catch(() => undefined);
    return run;
  };
  /** Reads the database first: a change of a stale state would undo a change by another registry process. */
  const current = async (name: string, seen?: number): Promise<RegisteredServer> => {
    await store.refresh();
    const server = store.get(name);
    if (!server) throw notFound();
    if (seen !== undefined && seen !== server.revision) throw changedMeanwhile(name);
    return server;
  };

  return {
    /** The published name of the server called `name`: null if it has none, undefined if there is no such server. */
    aliasOf: (name: string): string | null | undefined => store.get(name)?.alias,
    async register(person: Person, settings: ServerSettings): Promise<Edited> {
      requireRegistration(policy(), person, settings.name);
      refuseFixed(settings.name);
      return inTurn(async () => {
        const warnings = await warningsFor(store, settings.name);
        const step: Step = { before: undefined, next: settings, action: 'register' };
        return { ...(await apply(options, person, settings.name, step)), warnings };
      });
    },
    /** Does the checks of `register` and returns its warnings. Changes nothing, and does not ask nginx. */
    async rehearse(person: Person, settings: ServerSettings): Promise<string[]> {
      requireRegistration(policy(), person, settings.name);
      refuseFixed(settings.name);
      await store.refresh();
      if (store.get(settings.name)) throw nameTaken(settings.name);
      const reason = await options.examine(settings);
      if (reason) throw upstreamRefused(settings, reason);
      return await warningsFor(store, settings.name);
    },
    /** @param change makes the new settings from the current ones */
    async edit(person: Person, name: string, change: (now: RegisteredServer) => Replacement): Promise<Edited> {
      requireRight(policy(), person, 'modify_service', name);
      return inTurn(async () => {
        const before = await current(name);
        const { revision, ...settings } = change(before);
        if (revision !== before.revision) throw changedMeanwhile(name);
        const next = { ...settings, name, enabled: before.enabled };
        if (isMoved(before, next)) refuseFixed(name);
        return await apply(options, person, name, { before, next, action: 'edit' });
      });
    },
    /** @param revision that the person has seen, if known */
    async toggle(person: Person, name: string, enabled: boolean, revision: number | undefined): Promise<Edited> {
      requireRight(policy(), person, 'toggle_service', name);
      return inTurn(async () => {
        const before = await current(name, revision);
        const next = { ...settingsOf(before), enabled };
        const action = enabled ? 'enable' : 'disable';
        return await apply(options, person, name, { before, next, action });
      });
    },
    async remove(person: Person, name: string, revision: number | undefined): Promise<Edited> {
      requireRight(policy(), person, 'modify_service', name);
      refuseFixed(name);
      return inTurn(async () => {
        const before = await current(name, revision);
        return await apply(options, person, name, { before, next: undefined, action: 'delete' });
      });
    },
  };
}

async function apply(options: EditorOptions, person: Person, name: string, step: Step): Promise<Edited> {
  const { store, examine, onRouted, log } = options;
  const { before, next, action } = step;
  const newRoute = next && (!before || isMoved(before, next) || (next.enabled && !before.enabled));
  if (newRoute) {
    const reason = await examine(next);
    if (reason) throw upstreamRefused(next, reason);
  }
  const by = actorOf(person);
  if (before && next && isSame(before, next)) return { server: before, route: 'ok', warnings: [] };
  const server = await store.change({ name, revision: before?.revision, next, action, by });
  log.info({ server: name, action, user: by.username, revision: server?.revision }, 'server changed');
  // A change that leaves the routes alone must not fail because of nginx.
  const outcome = routesChange(before, next) ? await tryPublish(options) : { state: 'ok' as const };
  if (outcome.state !== 'refused') {
    if (newRoute && server?.enabled) onRouted(server);
    return { server, route: outcome.state, warnings: [] };
  }
  log.warn({ server: name, action, reason: outcome.reason }, 'nginx refused the routes; the change is undone');
  const old = before && settingsOf(before);
  await store.change({ name, revision: server?.revision, next: old, action: 'undo', by });
  await tryPublish(options);
  throw new RegistryError('route_refused', `nginx refused the route, and nothing was changed: ${outcome.reason}`);
}

function upstreamRefused({ upstream }: ServerEntry, reason: string): RegistryError {
  return new RegistryError('upstream_refused', `The upstream ${upstream} cannot be used. ${reason}`);
}

async function tryPublish({ publish, log }: EditorOptions): Promise<RouteOutcome> {
  return await publish().catch((err: unknown): RouteOutcome => {
    log.error({ err }, 'routes file not written');
    return { state: 'refused', reason: 'the routes file cannot be written' };
  });
}

/** Whether the routes may differ afterwards. */
function routesChange(before: RegisteredServer | undefined, next: ServerSettings | undefined): boolean {
  if (!before?.enabled || !next?.enabled) return Boolean(before?.enabled) !== Boolean(next?.enabled);
  return isMoved(before, next) || before.forward_headers.join() !== next.forward_headers.join();
}

function isSame(before: RegisteredServer, next: ServerSettings): boolean {
  return Object.keys(differences(settingsOf(before), next)).length === 0;
}

function isMoved(before: ServerSettings, next: ServerSettings): boolean {
  return (
    before.upstream !== next.upstream ||
    before.auth?.secret !== next.auth?.secret ||
    before.host_header !== next.host_header ||
    before.transports['streamable-http'] !== next.transports['streamable-http'] ||
    before.transports.sse !== next.transports.sse
  );
}

function refuseFixed(name: string): void {
  if (!isFixedName(name)) return;
  const where = 'SERVERS_FILE says where it runs, and is read at the start';
  throw new RegistryError('name_fixed', `"${name}" belongs to the gateway itself: ${where}. It can be disabled here.`);
}

/** Warnings for a person who registers a server called `name`. */
export async function warningsFor(store: Pick<RegistryStore, 'namesEver'>, name: string): Promise<string[]> {
  const isReused = (await store.namesEver()).includes(name);
  return isReused
    ? [`There was a server called "${name}" before. Rules of the policy for that name apply to the new server too.`]
    : [];
}
