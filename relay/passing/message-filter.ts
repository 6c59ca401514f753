import { OversizedAnswer, UnreadableAnswer } from '../../common/answers/limits.ts';
import { membersOf, type ServerMessage, type Span, stringAt } from '../../common/answers/message.ts';
import type { Pace } from '../../common/answers/pace.ts';
import { type JsonPieces, listOf, withMembers } from '../../common/answers/rewrite.ts';
import { roundDigest } from '../../common/doors/round.ts';
import type { Logger } from '../../common/service/log.ts';
import { isAllVisible, isVisible, type Listing, listings } from '../../policy/listing.ts';
import { judgedKeys } from '../../policy/request/request-hygiene.ts';
import type { ApprovedRounds } from '../callers/approved-rounds.ts';
import type { Caller } from '../callers/caller.ts';
import type { Rights } from '../callers/rights.ts';
import type { SessionOwners } from '../callers/session-owners.ts';
import { RelayError } from '../upstream/errors.ts';
import { mostTasks } from '../upstream/limits.ts';
import type { ServerShares } from '../upstream/server-share.ts';
import { mayReadAllPages, resultMetaWithoutPage, withoutPage } from './app-pages.ts';
import { cacheHints } from './cache-hints.ts';

/** What the filter of a server's messages needs. */
export interface MessageFilterDeps {
  rights: Rights;
  owners: SessionOwners;
  rounds: ApprovedRounds;
  shares: Pick<ServerShares, 'log'>;
  log: Logger;
}

/** Keys of an element that a reader could take for its name or its definition. */
const judgedOfElement = judgedKeys(
  ...['name', 'uri', 'uriTemplate', 'taskId', 'title', 'description', 'inputSchema', 'outputSchema', 'annotations'],
);
/** The auth-server stores no longer ids. */
const longestId = 1024;

/**
 * Filters one message of a server for a caller: removes list entries that the caller may not use, binds a new task to the
 * caller, removes tasks of other owners and pages of tools that they may not read, and keeps what is cached to this
 * caller. It goes by the message's shape: the request tells which list was asked for, but not which lists a client would
 * read.
 * @param mayAsk whether the message may ask the auth-server about tasks and rounds
 * @returns the message as one line of JSON
 * @throws {UnreadableAnswer}
 * @throws {RelayError} upstream_session_conflict or authorization_unavailable
 */
export async function filterMessage(
  deps: MessageFilterDeps,
  caller: Caller,
  message: ServerMessage,
  pace: Pace,
  mayAsk: () => boolean,
): Promise<Buffer> {
  const changes = new Map<string, JsonPieces>(cacheHints(caller.ticket.method, message));
  const keep = (field: string, elements: readonly Span[]) =>
    changes.set(field, listOf(elements.map(({ from, to }) => [message.bytes.subarray(from, to)])));
  for (const listing of listings.values()) {
    const elements = message.lists.get(listing.field);
    if (!elements) continue;
    const visible = await visibleOf(deps, caller, listing, message.bytes, elements, pace);
    const shown =
      listing.field === 'tools' ? await withoutPages(deps, caller, message.bytes, visible, pace) : undefined;
    if (shown) changes.set(listing.field, listOf(shown));
    else if (visible.length < elements.length) keep(listing.field, visible);
  }
  const meta = resultMetaWithoutPage(() => deps.rights.viewer(caller), message);
  if (meta) changes.set('_meta', meta);
  const tasks = message.lists.get('tasks');
  const newTask = newTaskOf(caller, message);
  if (((tasks?.length ?? 0) > 0 || newTask !== undefined) && !mayAsk())
    throw new UnreadableAnswer('more about tasks than was asked for');
  if (tasks) keep('tasks', await pace.wait(ownOf(deps, caller, message.bytes, tasks)));
  if (newTask !== undefined && !(await pace.wait(deps.owners.bind(caller.token, { kind: 'task', id: newTask }))))
    throw new RelayError('upstream_session_conflict');
  await reportRound(deps, caller, message, pace, mayAsk);
  return withMembers(message, changes);
}

/** Before the client learns that the server asks something: its answer may come at once. */
async function reportRound(
  { rounds }: MessageFilterDeps,
  { ticket, token }: Caller,
  { bytes, result }: ServerMessage,
  pace: Pace,
  mayAsk: () => boolean,
): Promise<void> {
  if (ticket.hold === undefined || stringAt(bytes, result.get('resultType')) !== 'input_required') return;
  if (!mayAsk()) throw new UnreadableAnswer('more questions than calls');
  await pace.wait(rounds.expect(token, roundDigest(stringAt(bytes, result.get('requestState')))));
}

async function visibleOf(
  { rights, shares, log }: MessageFilterDeps,
  caller: Caller,
  listing: Listing,
  bytes: Buffer,
  elements: readonly Span[],
  pace: Pace,
): Promise<readonly Span[]> {
  const viewer = rights.viewer(caller);
  if (isAllVisible(viewer, listing)) return elements;
  const visible: Span[] = [];
  for (const element of elements) {
    if (pace.isDue()) await pace.rest();
    const name = nameOf(bytes, element, listing.key);
    if (name !== undefined && isVisible(viewer, listing, { [listing.key]: name })) visible.push(element);
  }
  if (elements.length > 0 && visible.length === 0) {
    const { server, owner } = caller.ticket;
    const needed = `a rule for ${server} with methods: [${listing.use}] that names one of its ${listing.field}`;
    const about = { server, owner, method: listing.method, hidden: elements.length, needed };
    shares.log(server, (more) => log.info({ ...about, ...more }, 'nothing of a list is left for this caller'));
  }
  return visible;
}

/** The tools without the pages that the caller may not read; undefined if all stay as they are. */
async function withoutPages(
  { rights }: MessageFilterDeps,
  caller: Caller,
  bytes: Buffer,
  tools: readonly Span[],
  pace: Pace,
): Promise<JsonPieces[] | undefined> {
  const viewer = rights.viewer(caller);
  if (mayReadAllPages(viewer)) return undefined;
  let hasChanged = false;
  const shown: JsonPieces[] = [];
  for (const tool of tools) {
    if (pace.isDue()) await pace.rest();
    const changed = bytes[tool.from] === 0x7b ? withoutPage(viewer, bytes, tool) : undefined;
    hasChanged ||= changed !== undefined;
    if (changed?.length === 0) continue;
    shown.push(changed ?? [bytes.subarray(tool.from, tool.to)]);
  }
  return hasChanged ? shown : undefined;
}

/** The value of `key` in an object that every reader reads alike. */
function nameOf(bytes: Buffer, element: Span, key: string): string | undefined {
  if (bytes[element.from] !== 0x7b) return undefined;
  return stringAt(bytes, membersOf(bytes, element, judgedOfElement)?.get(key)) || undefined;
}

async function ownOf(
  { owners }: MessageFilterDeps,
  { token }: Caller,
  bytes: Buffer,
  tasks: readonly Span[],
): Promise<readonly Span[]> {
  if (tasks.length > mostTasks) throw new OversizedAnswer(`a list of more than ${mostTasks} tasks`);
  const ids = tasks.map((task) => nameOf(bytes, task, 'taskId'));
  const asked = ids.filter((id): id is string => id !== undefined && id.length <= longestId);
  const own = new Set(asked.length > 0 ? await owners.ownTasks(token, asked) : []);
  return tasks.filter((_, index) => own.has(ids[index] ?? ''));
}

/** `result.task` of MCP 2025-11-25, `resultType: "task"` of the tasks extension of 2026-07-28 (SEP-2663). */
function newTaskOf({ ticket }: Caller, { bytes, result }: ServerMessage): string | undefined {
  const task = result.get('task');
  const isObject = task && bytes[task.from] === 0x7b;
  const members = isObject ? membersOf(bytes, task, judgedOfElement) : undefined;
  // Also in an answer about a task that exists: two clients could read two ids.
  if (isObject && !members) throw new UnreadableAnswer('a task that has no single meaning');
  if (ticket.method.startsWith('tasks/')) return undefined;
  const id = stringAt(bytes, members?.get('taskId'));
  if (id) return id;
  return stringAt(bytes, result.get('resultType')) === 'task'
    ? stringAt(bytes, result.get('taskId')) || undefined
    : undefined;
}
