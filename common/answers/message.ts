import { isUtf8 } from 'node:buffer';
import { judgedKeys, looksLikeJudged } from '../../policy/request/request-hygiene.ts';
import { checkJson, skipSpace, textOf } from './check-json.ts';
import { type MessageLimits, mostMembers, OversizedAnswer, UnreadableAnswer, usualLimits } from './limits.ts';
import { type Pace, startPace } from './pace.ts';

/** A range of bytes. */
export interface Span {
  from: number;
  to: number;
}

/** The id of a message. */
export interface MessageId {
  value: string | number;
  /** As it was written, as JSON: a number beyond 2^53 has other digits as `value`. */
  text: string;
}

/** One JSON-RPC message of a server, checked and outlined. Nothing was built from its contents. */
export interface ServerMessage {
  bytes: Buffer;
  /** Undefined for a notification, a batch, and an id that is neither text nor number. */
  id: MessageId | undefined;
  /** Whether it is a response, with a result or an error. */
  isResponse: boolean;
  /** Its own members: `method`, `params`, `error` and so on; none of a batch. */
  parts: ReadonlyMap<string, Span>;
  /** The members of its result, if that is an object, in the order of the text. */
  result: ReadonlyMap<string, Span>;
  /** Where its result is, if it has one that is an object. */
  resultSpan: Span | undefined;
  /** The elements of the lists in its result: tools, prompts, resources, templates, tasks. An empty list is absent. */
  lists: ReadonlyMap<string, readonly Span[]>;
  /** How many members all of its objects have together, as written. `JSON.parse` yields fewer if a key is repeated. */
  members: number;
}

/** In bytes, as written. */
const longestId = 10_000;
const openList = 0x5b;
const openObject = 0x7b;

/** Keys of a result that name lists. */
const listFields = ['tools', 'prompts', 'resources', 'resourceTemplates', 'tasks'] as const;

const judgedOfMessage = judgedKeys('jsonrpc', 'id', 'method', 'params', 'result', 'error');
const judgedOfResult = judgedKeys(
  ...listFields,
  'task',
  'taskId',
  'resultType',
  'nextCursor',
  'ttlMs',
  'cacheScope',
  '_meta',
);

/**
 * Reads a message that every JSON parser reads alike in all that the gateway judges (RFC 8259, RFC 7493): UTF-8 without a
 * byte order mark, no key twice and no key that differs from a known one only in case, at the top and in the result. The
 * cost is bounded by the limits, and paid in slices.
 * @param bytes the whole message; must not change afterwards
 * @throws {UnreadableAnswer}
 */
export async function readMessage(
  bytes: Buffer,
  limits: MessageLimits = usualLimits,
  pace: Pace = startPace(),
): Promise<ServerMessage> {
  if (bytes.length > limits.bytes) throw new OversizedAnswer(`more than ${limits.bytes} bytes in one message`);
  if (!isUtf8(bytes)) throw new UnreadableAnswer('a message that is not UTF-8');
  const outline = startOutline(bytes, limits);
  const check = checkJson(bytes, limits, outline.onValue);
  let step = check.next();
  while (!step.done) {
    if (pace.isDue()) await pace.rest();
    step = check.next();
  }
  return { bytes, ...outline.done(), members: step.value };
}

function startOutline(bytes: Buffer, limits: MessageLimits) {
  const message = new Map<string, Span>();
  const result = new Map<string, Span>();
  const lists = new Map<string, Span[]>();
  const listNames: ReadonlySet<string> = new Set(listFields);
  const first = bytes[skipSpace(bytes, 0)];
  const isBatch = first === openList;

  const onValue = (depth: number, keys: readonly (string | undefined)[], from: number, to: number): void => {
    if (isBatch) checkBatch(message, depth, keys[2], { from, to });
    else if (depth === 1 && keys[1] !== undefined) add(message, keys[1], { from, to });
    else if (depth === 2 && keys[1] === 'result' && keys[2] !== undefined) add(result, keys[2], { from, to });
    else if (depth === 3 && keys[1] === 'result' && keys[3] === undefined && listNames.has(keys[2] ?? '')) {
      const field = keys[2] as string;
      const elements = lists.get(field) ?? [];
      if (elements.length === limits.elements)
        throw new OversizedAnswer(`a list of more than ${limits.elements} ${field}`);
      elements.push({ from, to });
      lists.set(field, elements);
    }
  };
  return {
    onValue,
    done(): Omit<ServerMessage, 'bytes' | 'members'> {
      if (isBatch) return { id: undefined, isResponse: false, parts: new Map(), result, resultSpan: undefined, lists };
      if (first !== openObject) throw new UnreadableAnswer('no JSON-RPC message');
      refuseLookAlikes(message, judgedOfMessage);
      refuseLookAlikes(result, judgedOfResult);
      const isResponse = message.has('result') || message.has('error');
      const span = message.get('result');
      const resultSpan = span && bytes[span.from] === openObject ? span : undefined;
      return { id: readId(bytes, message.get('id')), isResponse, parts: message, result, resultSpan, lists };
    },
  };
}

function add(members: Map<string, Span>, key: string, span: Span): void {
  if (members.has(key)) throw new UnreadableAnswer('a message with a key twice');
  if (members.size === mostMembers) throw new OversizedAnswer(`an object of more than ${mostMembers} members`);
  members.set(key, span);
}

const keysOfNotification = new Set(['jsonrpc', 'id', 'method', 'params']);

/**
 * Batches of notifications existed in 2025-03-26. A batch never answers a request that the gate admits.
 * @param message the members of the element at hand
 */
function checkBatch(message: Map<string, Span>, depth: number, key: string | undefined, span: Span): void {
  if (depth === 1) message.clear();
  if (depth !== 2) return;
  if (key === undefined || !keysOfNotification.has(key)) throw new UnreadableAnswer('a batch of results');
  add(message, key, span);
}

function refuseLookAlikes(members: ReadonlyMap<string, Span>, judged: ReturnType<typeof judgedKeys>): void {
  for (const key of members.keys())
    if (looksLikeJudged(key, judged))
      throw new UnreadableAnswer('a key that differs from a known one only in its letter case');
}

function readId(bytes: Buffer, span: Span | undefined): MessageId | undefined {
  if (!span || span.to - span.from > longestId) return undefined;
  const text = textOf(bytes, span.from, span.to);
  const value: unknown = JSON.parse(text);
  return typeof value === 'string' || typeof value === 'number' ? { value, text } : undefined;
}

/** Whether an answer has the id of a request. Servers write numbers in their own way, and some write numbers as strings. */
export function isSameId(one: MessageId | undefined, other: MessageId | undefined): boolean {
  return String(one?.value) === String(other?.value);
}

/**
 * The members of an object inside a checked message, with their values as bytes.
 * @param span must be an object
 * @param judged keys of which no look-alike may be there
 * @returns undefined if a key is there twice or looks like a judged one: two readers would see two objects
 */
export function membersOf(
  bytes: Buffer,
  span: Span,
  judged: ReturnType<typeof judgedKeys>,
): ReadonlyMap<string, Span> | undefined {
  const found = new Map<string, Span>();
  let isPlain = true;
  const onValue = (depth: number, keys: readonly (string | undefined)[], from: number, to: number): void => {
    const key = depth === 1 ? keys[1] : undefined;
    if (key === undefined) return;
    if (found.has(key) || looksLikeJudged(key, judged)) isPlain = false;
    found.set(key, { from: span.from + from, to: span.from + to });
  };
  const check = checkJson(bytes.subarray(span.from, span.to), usualLimits, onValue);
  while (!check.next().done);
  return isPlain ? found : undefined;
}

/** The text of a string value inside a checked message; undefined for any other value. */
export function stringAt(bytes: Buffer, span: Span | undefined): string | undefined {
  if (!span || bytes[span.from] !== 0x22) return undefined;
  return JSON.parse(textOf(bytes, span.from, span.to)) as string;
}
