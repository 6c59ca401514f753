import type { Logger } from '../common/service/log.ts';
import { isVisible, type Listing, listings } from '../policy/listing.ts';
import { cutList, membersOfResult, UnreadableList } from '../policy/request/json-list.ts';
import type { Authority } from './authority.ts';
import type { Caller } from './caller.ts';
import { RelayError } from './errors.ts';
import type { Rights } from './rights.ts';

/** What messages of a server go through on their way to one caller. */
export interface MessageFilterDeps {
  rights: Rights;
  authority: Authority;
  log: Logger;
}

const fields = [...[...listings.values()].map(({ field }) => field), 'tasks', 'taskId'];
const interesting = [...fields.map((name) => `"${name}"`), '\\u', '\0'];
/** The auth-server notes no longer ones. */
const longestId = 1024;

/**
 * Whether a message may hold anything that has to be looked at. Only an escape could hide the letters of a key, or zeros
 * between them (UTF-16, which some clients recognise), so a message without any of these goes on unread.
 */
export function needsLook(message: string): boolean {
  return interesting.some((sign) => message.includes(sign));
}

/**
 * One JSON-RPC message as this caller may see it: lists without what a call would be refused, tasks noted down as the
 * caller's and those of others left out. Whatever request it answers, because on a stream nothing but the shape tells.
 * @returns the message, letter for letter but for what was left out
 * @throws {RelayError} upstream_answer_unreadable if it cannot be read in one way only
 */
export async function filterMessage(deps: MessageFilterDeps, caller: Caller, message: string): Promise<string> {
  if (!needsLook(message)) return message;
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
/** A list of a message, and where it stands in the text. */
type Found = { list: readonly unknown[]; start: number };

function resultOf(value: unknown): Json | undefined {
  if (typeof value !== 'object' || value === null) throw new UnreadableList('it is no JSON-RPC message');
  const { result } = value as Json;
  return typeof result === 'object' && result !== null ? (result as Json) : undefined;
}

/** Batches of notifications existed in 2025-03-26. A batch is never the answer to what the gate lets through. */
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
  { authority }: MessageFilterDeps,
  { token }: Caller,
  { list, start }: Found,
  text: string,
): Promise<string> {
  const ids = list.map(taskId).filter((id): id is string => id !== undefined && id.length <= longestId);
  const own = new Set(ids.length > 0 ? await authority.ownTasks(token, ids) : []);
  return cutList(text, start, list, (task) => own.has(taskId(task) ?? '')).text;
}

/** `result.task` of MCP 2025-11-25, `resultType: "task"` of the tasks extension of 2026-07-28 (SEP-2663). */
async function bindTask({ authority }: MessageFilterDeps, { token, ticket }: Caller, result: Json): Promise<void> {
  if (ticket.method.startsWith('tasks/')) return;
  const id = taskId(result.task) ?? (result.resultType === 'task' ? taskId(result) : undefined);
  if (id === undefined) return;
  if (!(await authority.bind(token, { kind: 'task', id }))) throw new RelayError('upstream_session_conflict');
}

function taskId(value: unknown): string | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  const { taskId: id } = value as Json;
  return typeof id === 'string' && id !== '' ? id : undefined;
}
