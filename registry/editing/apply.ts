import type { Logger } from '../../common/service/log.ts';
import type { Policy } from '../../policy/policy.ts';
import { actorOf, type Person } from '../access/guards.ts';
import { type ErrorCode, RegistryError } from '../errors/registry-error.ts';
import type { RouteOutcome } from '../routing/route-status.ts';
import {
  accountOf,
  isSet,
  type RegisteredServer,
  type ServerEntry,
  type ServerSettings,
  type Standing,
  secretOf,
  settingsOf,
  standingOf,
} from '../servers/server.ts';
import { type Action, differences } from '../store/change-log.ts';
import type { RegistryStore } from '../store/store.ts';
import { requireMembers } from './members.ts';

export interface ApplyOptions {
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

/** A change of one server. */
export interface Step {
  name: string;
  before: RegisteredServer | undefined;
  next: ServerSettings | undefined;
  action: Action;
  /** What changes beside the settings. */
  standing?: Partial<Standing>;
}

interface Made extends Step {
  server: RegisteredServer | undefined;
  /** Whether the routes may differ afterwards. */
  movesRoutes: boolean;
}

/** Failures of the registry, not of one change. They end a series, so that it does not look complete. */
const ours: ReadonlySet<ErrorCode> = new Set(['store_unavailable', 'internal_error', 'identity_unavailable']);

/** Whether the registry failed, so that the next change would fail too. */
export function isOurs(error: unknown): boolean {
  return !(error instanceof RegistryError) || ours.has(error.code);
}

/** Makes one change, and undoes it if nginx rejects the routes. @throws {RegistryError} */
export async function apply(options: ApplyOptions, person: Person, step: Step): Promise<Edited> {
  const [outcome] = await applyAll(options, person, [step]);
  if (outcome instanceof RegistryError) throw outcome;
  if (!outcome) throw new TypeError('a change without an outcome');
  return outcome;
}

/**
 * Makes changes one after another, and writes the routes once: each write takes a reload of nginx. If nginx rejects the routes,
 * every change of them is undone.
 * @returns for each step its outcome, or why it was refused
 * @throws {RegistryError} for failures of the registry; earlier changes stay, and are routed
 */
export async function applyAll(
  options: ApplyOptions,
  person: Person,
  steps: readonly Step[],
): Promise<(Edited | RegistryError)[]> {
  const made: (Made | RegistryError)[] = [];
  for (const step of steps) {
    try {
      made.push(await make(options, person, step));
    } catch (error) {
      if (error instanceof RegistryError && !isOurs(error)) made.push(error);
      else {
        if (made.some(movesRoutes)) await tryPublish(options);
        throw error;
      }
    }
  }
  // A change that leaves the routes alone must not fail because of nginx.
  const outcome = made.some(movesRoutes) ? await tryPublish(options) : { state: 'ok' as const };
  if (outcome.state === 'refused') return await undo(options, person, made, outcome.reason);
  return made.map((each) => {
    if (each instanceof RegistryError) return each;
    const { server, before } = each;
    if (server?.enabled && !isSet(server) && isNewRoute(before, server)) options.onRouted(server);
    return { server, route: each.movesRoutes ? outcome.state : 'ok', warnings: [] };
  });
}

function movesRoutes(each: Made | RegistryError): each is Made {
  return !(each instanceof RegistryError) && each.movesRoutes;
}

async function make(options: ApplyOptions, person: Person, step: Step): Promise<Made> {
  const { store, log } = options;
  const { name, before, next, action, standing } = step;
  if (next) await requireUpstream(options, before, next);
  if (next) await requireMembers(options, person, before, next);
  if (before && next && !standing && isSame(before, next)) return { ...step, server: before, movesRoutes: false };
  const by = actorOf(person);
  const server = await store.change({ name, revision: before?.revision, next, action, by, standing });
  log.info({ server: name, action, user: by.username, revision: server?.revision }, 'server changed');
  return { ...step, server, movesRoutes: routesChange(before, next) };
}

async function undo(options: ApplyOptions, person: Person, made: readonly (Made | RegistryError)[], reason: string) {
  const { store, log } = options;
  const by = actorOf(person);
  const moved = made.filter(movesRoutes);
  for (const { name, action, before, server } of moved.toReversed()) {
    log.warn({ server: name, action, reason }, 'nginx refused the routes; the change is undone');
    const next = before && settingsOf(before);
    const standing = before && standingOf(before);
    await store.change({ name, revision: server?.revision, next, action: 'undo', by, standing });
  }
  await tryPublish(options);
  const which = moved.length > 1 ? `one of these ${moved.length} routes` : 'the route';
  const refused = new RegistryError('route_refused', `nginx refused ${which}, and nothing was changed: ${reason}`);
  return made.map((each): Edited | RegistryError => {
    if (each instanceof RegistryError) return each;
    return each.movesRoutes ? refused : { server: each.server, route: 'ok', warnings: [] };
  });
}

/** @throws {RegistryError} `upstream_refused` if the server would get a route to where it may not lead */
export async function requireUpstream(
  { examine }: Pick<ApplyOptions, 'examine'>,
  before: RegisteredServer | undefined,
  next: ServerSettings,
): Promise<void> {
  const reason = !isSet(next) && isNewRoute(before, next) ? await examine(next) : undefined;
  if (reason) throw new RegistryError('upstream_refused', `The upstream ${next.upstream} cannot be used. ${reason}`);
}

async function tryPublish({ publish, log }: ApplyOptions): Promise<RouteOutcome> {
  return await publish().catch((err: unknown): RouteOutcome => {
    log.error({ err }, 'routes file not written');
    return { state: 'refused', reason: 'the routes file cannot be written' };
  });
}

function isNewRoute(before: ServerSettings | undefined, next: ServerSettings): boolean {
  return !before || isMoved(before, next) || (next.enabled && !before.enabled);
}

function routesChange(before: RegisteredServer | undefined, next: ServerSettings | undefined): boolean {
  if (!before?.enabled || !next?.enabled) return Boolean(before?.enabled) !== Boolean(next?.enabled);
  return isMoved(before, next) || before.forward_headers.join() !== next.forward_headers.join();
}

function isSame(before: RegisteredServer, next: ServerSettings): boolean {
  return Object.keys(differences(settingsOf(before), next)).length === 0;
}

/** Whether a server is reached at another place, or with another credential. */
export function isMoved(before: ServerSettings, next: ServerSettings): boolean {
  return (
    before.upstream !== next.upstream ||
    secretOf(before) !== secretOf(next) ||
    accountOf(before) !== accountOf(next) ||
    before.host_header !== next.host_header ||
    before.transports['streamable-http'] !== next.transports['streamable-http'] ||
    before.transports.sse !== next.transports.sse
  );
}
