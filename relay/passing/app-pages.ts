import { membersOf, type ServerMessage, type Span, stringAt } from '../../common/answers/message.ts';
import type { JsonPieces } from '../../common/answers/rewrite.ts';
import { decide } from '../../policy/decide.ts';
import { isAllVisible, listings, type Viewer } from '../../policy/listing.ts';
import { judgedKeys } from '../../policy/request/request-hygiene.ts';

const ofTool = judgedKeys('_meta');
const ofMeta = judgedKeys('ui', 'ui/resourceUri');
const ofUi = judgedKeys('resourceUri');
const flatKey = 'ui/resourceUri';
const openObject = 0x7b;

/** Whether the caller may read all resources: then every page of a tool can be shown. */
export function mayReadAllPages(viewer: Viewer): boolean {
  const listing = listings.get('resources/list');
  return listing !== undefined && isAllVisible(viewer, listing);
}

/**
 * A tool of a list without its page (MCP Apps, `_meta.ui.resourceUri` and the older flat key), if the caller may not read
 * that resource: the host would show a broken view.
 * @param tool must be an object inside a checked message
 * @returns undefined if the tool can stay as it is; nothing if two readers would read two tools, so that it is left out
 */
export function withoutPage(viewer: Viewer, bytes: Buffer, tool: Span): JsonPieces | undefined {
  const members = membersOf(bytes, tool, ofTool);
  if (!members) return [];
  const meta = members.get('_meta');
  const changed = meta && metaWithoutPage(viewer, bytes, meta);
  return changed && [bytes.subarray(tool.from, meta.from), ...changed, bytes.subarray(meta.to, tool.to)];
}

/**
 * The `_meta` of a result without the page that its caller may not read: early versions of MCP Apps named it there.
 * @returns undefined if it can stay as it is
 */
export function resultMetaWithoutPage(viewer: () => Viewer, { bytes, result }: ServerMessage): JsonPieces | undefined {
  const meta = result.get('_meta');
  if (!meta) return undefined;
  const current = viewer();
  return mayReadAllPages(current) ? undefined : metaWithoutPage(current, bytes, meta);
}

function metaWithoutPage(viewer: Viewer, bytes: Buffer, meta: Span): JsonPieces | undefined {
  if (bytes[meta.from] !== openObject) return undefined;
  const members = membersOf(bytes, meta, ofMeta);
  const ui = members?.get('ui');
  const isObject = ui !== undefined && bytes[ui.from] === openObject;
  const parts = isObject ? membersOf(bytes, ui, ofUi) : undefined;
  // Two readers would find two pages.
  if (!members || (isObject && !parts)) return [emptyObject];
  const pages = [members.get(flatKey), parts?.get('resourceUri')].filter((page) => page !== undefined);
  if (pages.every((page) => mayRead(viewer, stringAt(bytes, page)))) return undefined;
  const kept = [...members].filter(([key]) => key !== flatKey);
  return objectOf(
    kept.map(([key, span]) => {
      const shown =
        key === 'ui' && parts ? withoutKey(bytes, parts, 'resourceUri') : [bytes.subarray(span.from, span.to)];
      return [key, shown];
    }),
  );
}

function withoutKey(bytes: Buffer, members: ReadonlyMap<string, Span>, without: string): JsonPieces {
  const kept = [...members].filter(([key]) => key !== without);
  return objectOf(kept.map(([key, { from, to }]) => [key, [bytes.subarray(from, to)]]));
}

const emptyObject = Buffer.from('{}');

function objectOf(members: readonly [string, JsonPieces][]): JsonPieces {
  const pieces = members.flatMap(([key, value], index) => [
    Buffer.from(`${index > 0 ? ',' : ''}${JSON.stringify(key)}:`),
    ...value,
  ]);
  return [Buffer.from('{'), ...pieces, Buffer.from('}')];
}

function mayRead({ policy, scopes, server }: Viewer, name: string | undefined): boolean {
  if (!name) return false;
  const access = { method: 'resources/read', object: { kind: 'resource', name } } as const;
  return decide(policy, scopes, server, [access]).allowed;
}
