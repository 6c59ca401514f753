import { mayUseUi } from '../../policy/ui.ts';
import { actorOf, type Person } from '../access/guards.ts';
import { requireEdit } from '../access/ownership.ts';
import { notFound, requireRegistration, requireRight } from '../access/permissions.ts';
import { RegistryError } from '../errors/registry-error.ts';
import { markOf, requireNoMark } from '../servers/file-mark.ts';
import { isFixedName } from '../servers/names.ts';
import {
  accountOf,
  addressOf,
  type Owner,
  type RegisteredServer,
  type ServerSettings,
  settingsOf,
} from '../servers/server.ts';
import type { Replacement } from '../servers/server-input.ts';
import type { ServerChange } from '../store/change-log.ts';
import { changedMeanwhile, type RegistryStore } from '../store/store.ts';
import { type ApplyOptions, apply, applyAll, type Edited, isMoved, requireUpstream, type Step } from './apply.ts';
import { requireFreeName } from './free-name.ts';
import { requireMembers } from './members.ts';
import { editBy, requireToggle, waitsForALook } from './owner-edit.ts';

/** A server's history is read back this far: a field that was not set since then counts as changed by hand. */
const mostChanges = 1_000;

export interface EditorOptions extends ApplyOptions {
  /** Whether the gateway's services run in containers or on machines of their own. */
  apart?: boolean;
}

/** A change that an import would make. */
export interface Planned extends Step {
  warnings: readonly string[];
}

export type Editor = ReturnType<typeof createEditor>;

/** Makes the new settings from the current ones. */
type Replacing = (now: RegisteredServer) => Replacement;

type StepFrom = (before: RegisteredServer) => Omit<Step, 'name' | 'before'>;

/**
 * Makes the editor, which changes servers for people: it checks their rights, stores the change, publishes the routes to
 * nginx, and undoes the change if nginx rejects them. Changes run one after another, so that a rejection by nginx belongs to
 * the current change. Every function throws {@link RegistryError}.
 */
export function createEditor(options: EditorOptions) {
  const { store, policy } = options;
  const inTurn = createTurns();
  /** Reads the database first: a change of a stale state would undo a change by another registry process. */
  const current = async (name: string, seen?: number): Promise<RegisteredServer> => {
    await store.refresh();
    const server = store.get(name);
    if (!server) throw notFound();
    if (seen !== undefined && seen !== server.revision) throw changedMeanwhile(name);
    return server;
  };

  const changeOne = (person: Person, name: string, seen: number | undefined, stepFrom: StepFrom): Promise<Edited> =>
    inTurn(async () => {
      const before = await current(name, seen);
      return await apply(options, person, { name, before, ...stepFrom(before) });
    });

  return {
    /** @param from the name of the files that make the server; undefined for people */
    async register(person: Person, settings: ServerSettings, from?: string): Promise<Edited> {
      requireRegistration(policy(), person, settings.name);
      refuseFixed(settings.name);
      return inTurn(async () => {
        await store.refresh();
        return await registerOne(options, person, settings, from);
      });
    },
    /** All servers, as the database has them now. */
    async servers(): Promise<readonly RegisteredServer[]> {
      await store.refresh();
      return store.list();
    },
    /** The changes of a server, newest first. */
    history: (name: string): Promise<ServerChange[]> => store.changes({ servers: [name], limit: mostChanges }),
    requireRegistration: (person: Person, name: string) => requireRegistration(policy(), person, name),
    mayModify: (person: Person, name: string) => mayUseUi(policy(), person.scopes, 'modify_service', name),
    /** See {@link planImport}. */
    plan: (person: Person, ...step: [before: RegisteredServer | undefined, next: ServerSettings]) =>
      planImport(options, person, ...step),
    /** Makes these changes, and writes the routes once. @returns for each its outcome, or why it was refused */
    makeAll: (person: Person, steps: readonly Step[]): Promise<(Edited | RegistryError)[]> =>
      inTurn(() => applyAll(options, person, steps)),
    /** @param from as for `register` */
    async edit(person: Person, name: string, change: Replacing, from?: string): Promise<Edited> {
      requireEdit(policy(), person, name, store.get(name));
      return inTurn(async () => {
        const before = await current(name);
        requireEdit(policy(), person, name, before);
        return await editOne(options, person, before, change(before), from);
      });
    },
    /** Names another owner of a server, or none. @param revision that the person has seen, if known */
    async setOwner(person: Person, name: string, owner: Owner | null, revision: number | undefined): Promise<Edited> {
      requireRight(policy(), person, 'modify_service', name);
      return changeOne(person, name, revision, (before) => {
        return { next: settingsOf(before), action: 'edit', standing: { owner } };
      });
    },
    /** @param revision that the person has seen, if known */
    async toggle(person: Person, name: string, enabled: boolean, revision: number | undefined): Promise<Edited> {
      requireToggle(policy(), person, name, store.get(name), enabled);
      return changeOne(person, name, revision, (before) => {
        requireToggle(policy(), person, name, before, enabled);
        return { next: { ...settingsOf(before), enabled }, action: enabled ? 'enable' : 'disable' };
      });
    },
    async remove(person: Person, name: string, revision: number | undefined): Promise<Edited> {
      requireRight(policy(), person, 'modify_service', name);
      refuseFixed(name);
      return changeOne(person, name, revision, () => ({ next: undefined, action: 'delete' }));
    },
  };
}

/** Runs one piece of work after another. */
function createTurns() {
  let queue: Promise<unknown> = Promise.resolve();
  return <T>(work: () => Promise<T>): Promise<T> => {
    const run = queue.then(work);
    queue = run.catch(() => undefined);
    return run;
  };
}

async function registerOne(
  options: EditorOptions,
  person: Person,
  next: ServerSettings,
  from: string | undefined,
): Promise<Edited> {
  const { store, policy } = options;
  const { name } = next;
  requireNoMark([], next.tags, from);
  await requireFreeName(store, policy(), person, name);
  const warnings = [...(await warningsFor(store, name)), ...warningsOnAddress(options, next)];
  const standing = { owner: actorOf(person) };
  const edited = await apply(options, person, { name, before: undefined, next, action: 'register', standing });
  return { ...edited, warnings };
}

async function editOne(
  options: EditorOptions,
  person: Person,
  before: RegisteredServer,
  { revision, ...settings }: Replacement,
  from: string | undefined,
): Promise<Edited> {
  const { name, enabled } = before;
  // An owner must not give a server to files: they would change it, and delete it.
  if (from !== undefined && !before.tags.includes(markOf(from)))
    requireRight(options.policy(), person, 'modify_service', name);
  requireNoMark(before.tags, settings.tags, from);
  if (revision !== before.revision) throw changedMeanwhile(name);
  const edit = { ...settings, name, enabled };
  if (isMoved(before, edit)) refuseFixed(name);
  const step = editBy(options.policy(), person, before, edit);
  const edited = await apply(options, person, step);
  const waits = step.standing ? [waitsForALook(before)] : [];
  return { ...edited, warnings: [...edited.warnings, ...waits, ...warningsOnEdit(options, before, step.next)] };
}

/**
 * Plans what an import does to one server, whose rights were checked. Changes nothing, and does not ask nginx.
 * @param before the server that the import updates; undefined to register a new one
 */
async function planImport(
  options: EditorOptions,
  person: Person,
  before: RegisteredServer | undefined,
  next: ServerSettings,
): Promise<Planned> {
  const { name } = next;
  if (!before) await requireFreeName(options.store, options.policy(), person, name);
  if (!before || isMoved(before, next)) refuseFixed(name);
  await requireUpstream(options, before, next);
  await requireMembers(options, person, before, next);
  const warnings = before
    ? warningsOnEdit(options, before, next)
    : [...(await warningsFor(options.store, name)), ...warningsOnAddress(options, next)];
  if (before) return { name, before, next, action: 'update', warnings };
  return { name, before, next, action: 'import', standing: { owner: actorOf(person) }, warnings };
}

function refuseFixed(name: string): void {
  if (!isFixedName(name)) return;
  const where = 'SERVERS_FILE says where it runs, and is read at the start';
  throw new RegistryError('name_fixed', `"${name}" belongs to the gateway itself: ${where}. It can be disabled here.`);
}

/** Nothing can be there: nginx, the relay and the registry would each ask themselves. */
function warningsOnAddress({ apart = false }: EditorOptions, { upstream }: Pick<ServerSettings, 'upstream'>): string[] {
  const { hostname } = new URL(upstream);
  if (!apart || !/^(localhost|127\.[\d.]+|\[::1\])$/.test(hostname)) return [];
  const what = `${hostname} is here each container or machine of the gateway itself`;
  return [
    `${what}. For a server on the host of Docker use host.docker.internal, or else its host name (docs/docker.md).`,
  ];
}

function warningsOnEdit(options: EditorOptions, before: ServerSettings, next: ServerSettings): string[] {
  return [...warningsOnAddress(options, next), ...warningsOnAccounts(before, next)];
}

/** A person's account counts for the whole address that they gave it for, and for one provider. */
function warningsOnAccounts(before: ServerSettings, next: ServerSettings): string[] {
  const [was, is] = [accountOf(before), accountOf(next)];
  if (was === undefined || (was === is && addressOf(before) === addressOf(next))) return [];
  return ['The accounts that people have connected there are not used any more: they have to connect again.'];
}

/** Warnings for a person who registers a server called `name`. */
export async function warningsFor(store: Pick<RegistryStore, 'namesEver'>, name: string): Promise<string[]> {
  const isReused = (await store.namesEver()).includes(name);
  return isReused
    ? [`There was a server called "${name}" before. Rules of the policy for that name apply to the new server too.`]
    : [];
}
