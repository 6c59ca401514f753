import type { Logger } from '../common/service/log.ts';
import { isVisible, type Listing, listings } from '../policy/listing.ts';
import { cutList, membersOfResult, UnreadableList } from '../policy/request/json-list.ts';
import type { Caller } from './caller.ts';
import { RelayError } from './errors.ts';
import type { Rights } from './rights.ts';
import type { SessionOwners } from './session-owners.ts';

/** What the filter of a server's messages needs. */
export interface MessageFilterDeps {
  rights: Rights;
  owners: SessionOwners;
  log: Logger;
}

const fields = [...[...listings.values()].map(({ field }) => field), 'tasks', 'taskId'];
const interesting = [...fields.map((name) => `"${name}"`), '\\u', '\0'];
/** The auth-server stores no longer ids. */
const longestId = 1024;

/**
 * Whether a message may hold a list or a task. Only an escape, or zeros between the letters (UTF-16, which some clients
 * recognize), could hide a key. A message without any of these passes unparsed.
 */
export function needsFilter(message: string): boolean {
  return interesting.some((sign) => message.includes(sign));
}

/**
 * Filters one JSON-RPC message for a caller: removes list entries that the caller may not use, binds new tasks to the
 * caller, and removes tasks of other owners. It goes by the message's shape, because on a stream nothing else tells which
 * request a message answers.
 * @returns the message, byte for byte except for what was removed
 * @throws {RelayError} upstream_answer_unreadable if the message is not unambiguous
 */
export async function filterMessage(deps: MessageFilterDeps, caller: Caller, message: string): Promise<string> {
  if (!needsFilter(message)) return message;
  try {
    const value: unknown = JSON.parse(message);
    if (Array.isArray(value)) return passBatch(value, message);
    const result = resultOf(value);
    let at = membersOfResult(message);
    if (!result) return message;
    let text = message;
    for (const listing of listings.values()) {
      const list = result[listing.field];
      if (!Array.isArray(list)) continue;
      text = filterOne(deps, caller, listing, { list, start: at[listing.field] ?? -1 }, text);
      if (text !== message) at = membersOfResult(text);
    }
    if (Array.isArray(result.tasks))
      text = await filterTasks(deps, caller, { list: result.tasks, start: at.tasks ?? -1 }, text);
    await bindTask(deps, caller, result);
    return text;
  } catch (error) {
    if (error instanceof RelayError) throw error;
    throw new RelayError('upstream_answer_unreadable', error);
  }
}

type Json = Record<string, unknown>;
/** A list of a message, and where it begins in the text. */
type Found = { list: readonly unknown[]; start: number };

function resultOf(value: unknown): Json | undefined {
  if (typeof value !== 'object' || value === null) throw new UnreadableList('it is no JSON-RPC message');
  const { result } = value as Json;
  return typeof result === 'object' && result !== null ? (result as Json) : undefined;
}

/** Batches of notifications existed in 2025-03-26. A batch never answers a request that the gate admits. */
function passBatch(messages: readonly unknown[], text: string): string {
  if (messages.some((message) => resultOf(message))) throw new UnreadableList('it is a batch of results');
  return text;
}

function filterOne(
  { rights, log }: MessageFilterDeps,
  caller: Caller,
  listing: Listing,
  { list, start }: Found,
  text: string,
): string {
  const viewer = rights.viewer(caller);
  const filtered = cutList(text, start, list, (element) => isVisible(viewer, listing, element));
  const { total, hidden } = filtered;
  if (total > 0 && hidden === total) {
    const { server, owner } = caller.ticket;
    const needed = `a rule for ${server} with methods: [${listing.use}] that names one of its ${listing.field}`;
    log.info({ server, owner, method: listing.method, hidden, needed }, 'nothing of a list is left for this caller');
  }
  return filtered.text;
}

async function filterTasks(
  { owners }: MessageFilterDeps,
  { token }: Caller,
  { list, start }: Found,
  text: string,
): Promise<string> {
  const ids = list.map(taskId).filter((id): id is string => id !== undefined && id.length <= longestId);
  const own = new Set(ids.length > 0 ? await owners.ownTasks(token, ids) : []);
  return cutList(text, start, list, (task) => own.has(taskId(task) ?? '')).text;
}

/** `result.task` of MCP 2025-11-25, `resultType: "task"` of the tasks extension of 2026-07-28 (SEP-2663). */
async function bindTask({ owners }: MessageFilterDeps, { token, ticket }: Caller, result: Json): Promise<void> {
  if (ticket.method.startsWith('tasks/')) return;
  const id = taskId(result.task) ?? (result.resultType === 'task' ? taskId(result) : undefined);
  if (id === undefined) return;
  if (!(await owners.bind(token, { kind: 'task', id }))) throw new RelayError('upstream_session_conflict');
}

function taskId(value: unknown): string | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  const { taskId: id } = value as Json;
  return typeof id === 'string' && id !== '' ? id : undefined;
}
