import type { Logger } from '../../common/service/log.ts';
import { RegistryError } from '../errors/registry-error.ts';
import { type Definition, saysReadOnly } from '../servers/definition.ts';
import type { ObservedTool } from '../servers/tool.ts';
import type { Actor } from '../store/change-log.ts';
import type { DefinitionChange, DefinitionHashes, DefinitionTable, ServerDefinitions } from '../store/definitions.ts';
import { firstSight } from '../store/tables/schema.ts';

/** The approval of one tool. */
export interface Approval {
  name: string;
  /** The hash of the definition that the person saw. */
  hash: string;
}

export type ApprovedDefinitions = Awaited<ReturnType<typeof createApprovedDefinitions>>;

/**
 * Checks that a person may have the hints of tools count from now on: those of which they approve a definition that says it only
 * reads, and whose hint did not count before. Throws if not; then nothing is approved.
 */
export type HintRight = (tools: readonly string[]) => void;

const firstSeen: Actor = { sub: '#registry', username: firstSight };
const mostPending = 1_000;

/**
 * Keeps the approved definitions of tools. A changed definition stays pending until a person decides on it, even if the
 * server shows the approved one again: it may show different definitions to different clients.
 */
export async function createApprovedDefinitions(
  table: DefinitionTable,
  log: Logger,
  now: () => Date = () => new Date(),
) {
  let version = -1;
  let hashes: DefinitionHashes = new Map();
  let headers: ReadonlyMap<string, readonly string[]> = new Map();
  /** Loads what other processes have changed. @returns whether anything had */
  const follow = async (): Promise<boolean> => {
    const latest = await table.version();
    if (latest === version) return false;
    hashes = await table.hashes();
    headers = await table.headers();
    version = latest;
    return true;
  };
  await follow();
  const change = async (server: string, decide: (known: ServerDefinitions) => DefinitionChange | undefined) => {
    await table.change(server, now(), decide);
    await follow();
  };
  return {
    /**
     * Compares a server's tools with the approved definitions; tools that are new or changed wait for approval. On the
     * first call for a server, all its usable tools are approved. Never throws.
     */
    async observe(server: string, tools: readonly ObservedTool[]): Promise<void> {
      const definitions = tools.map(({ definition }) => definition);
      if (isKnown(hashes, server, definitions)) return;
      try {
        await change(server, (known) => {
          const result = compare(known, definitions, now());
          const pending = result?.hold?.map(({ name }) => name) ?? [];
          if (pending.length > 0) log.warn({ server, tools: pending.slice(0, 20) }, 'tools are new or have changed');
          return result;
        });
      } catch (err) {
        log.error({ err, server }, 'the tools of a server could not be compared with those that were approved');
      }
    },
    /**
     * Approves pending definitions. An approval of the definition that is approved already rejects the pending one: the
     * tool stays in question until a check has seen that its server announces the approved one again. Of a tool without a
     * pending definition, it makes the approval of first sight one by a person.
     * @param hints undefined for an agent: what it approves is not approved by a person, so its hints do not count
     * @returns names of the tools whose pending definition was rejected
     * @throws {RegistryError} `changed_meanwhile` if a tool's definition has changed again, `input_invalid` if a tool is
     * unusable; then nothing is approved
     */
    async approve(
      server: string,
      approvals: readonly Approval[],
      by: Actor,
      hints?: HintRight,
    ): Promise<readonly string[]> {
      let rejected: readonly string[] = [];
      await change(server, (known) => {
        const result = approving(server, known, approvals, by, hints);
        hints?.(newlyReadOnly(known, result));
        rejected = result?.reject ?? [];
        return result;
      });
      return rejected;
    },
    of: table.of,
    /** The hashes for all servers, from memory. */
    hashes: () => hashes,
    /**
     * The headers that callers of a server's approved tools send, from memory. Approved ones only: a server that announces
     * other names at each check would otherwise have nginx reload without end.
     */
    headersOf: (server: string): readonly string[] => headers.get(server) ?? [],
    follow,
  };
}

/** Whether there is nothing to change. Answers from memory, because every health check asks. */
function isKnown(hashes: DefinitionHashes, server: string, definitions: readonly Definition[]): boolean {
  const known = hashes.get(server);
  if (!known) return false;
  const present = new Set(definitions.map(({ name }) => name));
  for (const name of known.pending.keys()) if (!present.has(name) && !known.approved.has(name)) return false;
  if (definitions.some(({ name, hash }) => known.rejected.has(name) && known.approved.get(name) === hash)) return false;
  return definitions.every(({ name, hash }) => known.pending.get(name) === hash || known.approved.get(name) === hash);
}

function compare(
  known: ServerDefinitions,
  definitions: readonly Definition[],
  now: Date,
): DefinitionChange | undefined {
  if (!known.firstSeenAt) {
    const approve = definitions.filter(({ unusable }) => unusable === undefined);
    const hold = definitions.filter(({ unusable }) => unusable !== undefined);
    const to = approve.map(({ name, hash }) => `${name} ${hash.slice(0, 12)}`);
    const note = { action: 'first-seen', by: firstSeen, fields: { tools: { from: null, to } } } as const;
    return { firstSeenAt: now, approve, hold, note };
  }
  const present = new Set(definitions.map(({ name }) => name));
  const hold = definitions.filter(
    ({ name, hash }) => known.approved.get(name)?.hash !== hash && known.pending.get(name)?.hash !== hash,
  );
  // A new tool that disappears again needs no approval. Otherwise a server could invent names without end.
  const gone = [...known.pending.keys()].filter((name) => !present.has(name) && !known.approved.has(name));
  const back = definitions.filter(
    ({ name, hash }) => known.pending.get(name)?.rejected && known.approved.get(name)?.hash === hash,
  );
  const drop = [...gone, ...back.map(({ name }) => name)];
  if (hold.length === 0 && drop.length === 0) return undefined;
  return { hold: hold.slice(0, mostPending), drop };
}

function approving(
  server: string,
  known: ServerDefinitions,
  approvals: readonly Approval[],
  by: Actor,
  hints: HintRight | undefined,
): DefinitionChange | undefined {
  const approve: Definition[] = [];
  const confirm: string[] = [];
  const reject: string[] = [];
  const fields: Record<string, { from: unknown; to: unknown }> = {};
  for (const approval of new Map(approvals.map((each) => [each.name, each])).values()) {
    const { name, hash } = approval;
    const [pending, approved] = [known.pending.get(name), known.approved.get(name)];
    const what = outcomeOf(server, approval, pending, approved);
    if (what === 'approve' && pending) approve.push(pending);
    else if (what === 'reject') reject.push(name);
    else if (hints && !approved?.byPerson) confirm.push(name);
    else continue;
    fields[`tool ${name}`] =
      what === 'confirm'
        ? { from: approved?.by ?? null, to: by.username }
        : { from: approved?.hash.slice(0, 12) ?? null, to: hash.slice(0, 12) };
  }
  if (approve.length === 0 && reject.length === 0 && confirm.length === 0) return undefined;
  return { approve, confirm, reject, byPerson: hints !== undefined, note: { action: 'approve', by, fields } };
}

/**
 * What an approval does: it approves the definition that waits, keeps the approved one instead, or confirms it.
 * @throws {RegistryError} as {@link ApprovedDefinitions.approve}
 */
function outcomeOf(
  server: string,
  { name, hash }: Approval,
  pending: Definition | undefined,
  approved: Definition | undefined,
): 'approve' | 'reject' | 'confirm' {
  if (pending?.hash === hash && pending.unusable !== undefined) throw unusable(server, pending);
  if (pending?.hash === hash) return 'approve';
  if (approved?.hash !== hash) throw definitionChanged(server, name);
  return pending ? 'reject' : 'confirm';
}

/** The tools of a change whose hint counts from now on, and did not count before, also not before the tool changed. */
function newlyReadOnly({ approved }: ServerDefinitions, change: DefinitionChange | undefined): string[] {
  const confirmed = (change?.confirm ?? []).flatMap((name) => approved.get(name) ?? []);
  const counted = ({ name }: Definition) => {
    const before = approved.get(name);
    return before?.byPerson === true && saysReadOnly(before.parts?.annotations);
  };
  return [...(change?.approve ?? []), ...confirmed]
    .filter((each) => saysReadOnly(each.parts?.annotations) && !counted(each))
    .map(({ name }) => name);
}

function unusable(server: string, { name, unusable: why }: Definition): RegistryError {
  const message = `The tool ${JSON.stringify(name.slice(0, 128))} of "${server}" cannot be approved. ${why}`;
  return new RegistryError('input_invalid', message, { faults: [{ path: 'tools', message }] });
}

function definitionChanged(server: string, tool: string): RegistryError {
  const name = JSON.stringify(tool.slice(0, 128));
  return new RegistryError(
    'changed_meanwhile',
    `The tool ${name} of "${server}" has another definition by now than the one you saw. Look at it again; nothing was approved.`,
  );
}
