import type { Client } from '@modelcontextprotocol/client';
import * as z from 'zod';
import type { JsonObject } from '../servers/definition.ts';

const maxPages = 64;
const maxItems = 2_000;
const item = z.record(z.string(), z.unknown());

/**
 * Reads all pages of a server's list (MCP 2025-11-25, "Pagination"), at most 2,000 items and 64 pages.
 * Returns the items as they were sent. The client's own functions would compile every schema.
 * @param field key of the list in the result
 * @param key identifying key of an item; items without it are skipped
 * @param onPage called after each page
 */
export async function readList(
  client: Client,
  method: string,
  field: string,
  key: string,
  signal: AbortSignal,
  onPage: () => void = () => undefined,
): Promise<JsonObject[]> {
  const result = z.looseObject({ [field]: z.array(item), nextCursor: z.string().nullish() });
  const items: JsonObject[] = [];
  const seen = new Set<string>();
  let cursor: string | undefined;
  for (let page = 0; page < maxPages && items.length < maxItems; page++) {
    const params = cursor === undefined ? {} : { cursor };
    const answer = await client.request({ method, params }, result, { signal, timeout: 60_000 });
    onPage();
    items.push(...(answer[field] as JsonObject[]).filter((each) => typeof each[key] === 'string' && each[key] !== ''));
    const { nextCursor } = answer as { nextCursor?: string | null };
    // A repeated cursor would loop forever.
    if (nextCursor === null || nextCursor === undefined || nextCursor === '' || seen.has(nextCursor)) break;
    seen.add(nextCursor);
    cursor = nextCursor;
  }
  return items.slice(0, maxItems);
}
