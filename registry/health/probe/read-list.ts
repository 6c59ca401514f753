import type { Client } from '@modelcontextprotocol/client';
import * as z from 'zod';
import { OversizedAnswer, UnreadableAnswer } from '../../../common/answers/limits.ts';
import { isJsonObject, type JsonObject } from '../../servers/definition.ts';
import { readingLimits } from './limits.ts';

/** How many pages of a list are read. */
const maxPages = 64;
const maxItems = 2_000;
/** An item of MCP has fewer than ten keys. */
const maxItemKeys = 100;
const longestCursor = 4_096;
/** The check's own clock ends it earlier. */
const longestWait = 600_000;

/** Nothing but an object: a schema of the items would walk, and report, what the server chose to send. */
const result = z.looseObject({});

/**
 * Reads all pages of a server's list (MCP 2025-11-25, "Pagination"), at most 2,000 items and 64 pages.
 * Returns the items as they were sent. The client's own functions would compile every schema.
 * @param field key of the list in the result
 * @param key identifying key of an item; items without it are skipped
 * @param onPage called after each page
 * @throws {UnreadableAnswer} if the list is no list of objects
 */
export async function readList(
  client: Client,
  method: string,
  field: string,
  key: string,
  signal: AbortSignal,
  onPage: () => void = () => undefined,
): Promise<JsonObject[]> {
  const items: JsonObject[] = [];
  const seen = new Set<string>();
  let cursor: string | undefined;
  for (let page = 0; page < maxPages && items.length < maxItems; page++) {
    const params = cursor === undefined ? {} : { cursor };
    const answer = await client.request({ method, params }, result, { signal, timeout: longestWait });
    onPage();
    for (const item of itemsOf(answer[field], field)) if (isNamed(item, key)) items.push(item);
    cursor = cursorOf(answer);
    // A repeated cursor would loop forever.
    if (cursor === undefined || seen.has(cursor)) break;
    seen.add(cursor);
  }
  return items.slice(0, maxItems);
}

/** Looks at a list before anything else walks it. */
function itemsOf(list: unknown, field: string): JsonObject[] {
  if (!Array.isArray(list)) throw new UnreadableAnswer(`an answer without a list of ${field}`);
  const { elements } = readingLimits.message;
  if (list.length > elements) throw new OversizedAnswer(`a list of more than ${elements} ${field}`);
  return list.map((item: unknown) => {
    if (!isJsonObject(item)) throw new UnreadableAnswer(`a list of ${field} that holds something else than objects`);
    if (Object.keys(item).length > maxItemKeys)
      throw new UnreadableAnswer(`a list of ${field} with one of more than ${maxItemKeys} keys`);
    return item;
  });
}

function isNamed(item: JsonObject, key: string): boolean {
  return typeof item[key] === 'string' && item[key] !== '';
}

function cursorOf({ nextCursor }: Readonly<Record<string, unknown>>): string | undefined {
  if (nextCursor === undefined || nextCursor === null || nextCursor === '') return undefined;
  if (typeof nextCursor !== 'string') throw new UnreadableAnswer('a cursor that is no text');
  if (nextCursor.length > longestCursor)
    throw new UnreadableAnswer(`a cursor of more than ${longestCursor} characters`);
  return nextCursor;
}
