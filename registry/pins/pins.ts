import type { Logger } from '../../common/service/log.ts';
import { RegistryError } from '../errors/registry-error.ts';
import type { Definition } from '../servers/definition.ts';
import type { SeenTool } from '../servers/tool-info.ts';
import type { Actor } from '../store/change-log.ts';
import type { PinChange, PinnedNames, PinTable, ServerPins } from '../store/pin-table.ts';

/** What is approved: of each tool that somebody looked at, by which definition. */
export interface Approval {
  name: string;
  /** The hash of the definition that the person saw. */
  hash: string;
}

export interface Pins {
  /** Compares what a server shows with what was approved. The first time, all of it is approved. Never throws. */
  observe(server: string, tools: readonly SeenTool[]): Promise<void>;
  /**
   * Approves definitions that wait, or keeps the approved one and lets go of the one that waits.
   * @throws {RegistryError} `changed_meanwhile` if a tool has another definition by now, and nothing is approved then
   */
  approve(server: string, approvals: readonly Approval[], by: Actor): Promise<void>;
  of(server: string): Promise<ServerPins>;
  /** From memory: the names of all servers. */
  names(): PinnedNames;
  /** Brings the memory up to date with what other processes have changed. @returns whether anything had */
  follow(): Promise<boolean>;
}

const firstSeen: Actor = { sub: '#registry', username: 'first seen' };
const mostPending = 1_000;

/**
 * Keeps by which definitions the tools of servers are approved. A definition that once was another stays in question
 * until somebody has decided, also when the server shows the approved one again: it might show either to anybody.
 */
export async function createPins(table: PinTable, log: Logger, now: () => Date = () => new Date()): Promise<Pins> {
  let version = -1;
  let names: PinnedNames = new Map();
  const follow = async (): Promise<boolean> => {
    const latest = await table.version();
    if (latest === version) return false;
    names = await table.names();
    version = latest;
    return true;
  };
  await follow();
  const change = async (server: string, decide: (known: ServerPins) => PinChange | undefined) => {
    await table.change(server, now(), decide);
    await follow();
  };
  return {
    async observe(server, tools) {
      const definitions = tools.map(({ definition }) => definition);
      if (isKnown(names, server, definitions)) return;
      try {
        await change(server, (known) => {
          const made = compare(known, definitions, now());
          const waiting = made?.wait?.map(({ name }) => name) ?? [];
          if (waiting.length > 0) log.warn({ server, tools: waiting.slice(0, 20) }, 'tools are new or have changed');
          return made;
        });
      } catch (err) {
        log.error({ err, server }, 'the tools of a server could not be compared with those that were approved');
      }
    },
    async approve(server, approvals, by) {
      await change(server, (known) => approving(server, known, approvals, by));
    },
    of: (server) => table.of(server),
    names: () => names,
    follow,
  };
}

/** Whether nothing is to be done: without a question to the database, because this is asked at every check. */
function isKnown(names: PinnedNames, server: string, definitions: readonly Definition[]): boolean {
  const known = names.get(server);
  if (!known) return false;
  const present = new Set(definitions.map(({ name }) => name));
  for (const name of known.pending.keys()) if (!present.has(name) && !known.approved.has(name)) return false;
  return definitions.every(({ name, hash }) => known.pending.get(name) === hash || known.approved.get(name) === hash);
}

/** What is to be changed after a look at a server. */
export function compare(known: ServerPins, definitions: readonly Definition[], now: Date): PinChange | undefined {
  if (!known.baseline) {
    const to = definitions.map(({ name, hash }) => `${name} ${hash.slice(0, 12)}`);
    const note = { action: 'first-seen', by: firstSeen, fields: { tools: { from: null, to } } } as const;
    return { baseline: now, pin: definitions, note };
  }
  const present = new Set(definitions.map(({ name }) => name));
  const wait = definitions.filter(
    ({ name, hash }) => known.pins.get(name)?.hash !== hash && known.pending.get(name)?.hash !== hash,
  );
  // A new tool that is gone again needs nobody's approval; a server could otherwise make up names for ever.
  const settle = [...known.pending.keys()].filter((name) => !present.has(name) && !known.pins.has(name));
  if (wait.length === 0 && settle.length === 0) return undefined;
  return { wait: wait.slice(0, mostPending), settle };
}

function approving(
  server: string,
  known: ServerPins,
  approvals: readonly Approval[],
  by: Actor,
): PinChange | undefined {
  const pin: Definition[] = [];
  const settle: string[] = [];
  const fields: Record<string, { from: unknown; to: unknown }> = {};
  for (const { name, hash } of new Map(approvals.map((each) => [each.name, each])).values()) {
    const waiting = known.pending.get(name);
    const approved = known.pins.get(name);
    if (waiting?.hash === hash) pin.push(waiting);
    else if (approved?.hash === hash && waiting) settle.push(name);
    else if (approved?.hash !== hash) throw seenAnother(server, name);
    if (waiting) fields[`tool ${name}`] = { from: approved?.hash.slice(0, 12) ?? null, to: hash.slice(0, 12) };
  }
  if (pin.length === 0 && settle.length === 0) return undefined;
  return { pin, settle, note: { action: 'approve', by, fields } };
}

function seenAnother(server: string, tool: string): RegistryError {
  const name = JSON.stringify(tool.slice(0, 128));
  return new RegistryError(
    'changed_meanwhile',
    `The tool ${name} of "${server}" has another definition by now than the one you saw. Look at it again; nothing was approved.`,
  );
}
