import { decide, methodGrants } from './decide.ts';
import type { KnownTools } from './known-tools.ts';
import { staysUnder } from './patterns/resource-uri.ts';
import type { Policy } from './policy.ts';
import { type Access, anyArguments } from './request/mcp-request.ts';
import type { ObjectKind } from './request/methods.ts';

/** A method that answers with a list, the kind of its elements, and the method that uses an element. */
export interface Listing {
  method: string;
  /** The list's key in `result`. */
  field: string;
  /** The key of an element that names it. */
  key: string;
  kind: ObjectKind;
  use: string;
}

/** The list methods of MCP 2024-11-05 to 2026-07-28, by name. */
export const listings: ReadonlyMap<string, Listing> = new Map(
  [
    { method: 'tools/list', field: 'tools', key: 'name', kind: 'tool', use: 'tools/call' } as const,
    { method: 'prompts/list', field: 'prompts', key: 'name', kind: 'prompt', use: 'prompts/get' } as const,
    { method: 'resources/list', field: 'resources', key: 'uri', kind: 'resource', use: 'resources/read' } as const,
    {
      method: 'resources/templates/list',
      field: 'resourceTemplates',
      key: 'uriTemplate',
      kind: 'resource',
      use: 'resources/read',
    } as const,
  ].map((listing) => [listing.method, listing]),
);

/** The caller and the server whose lists are filtered. */
export interface Viewer {
  policy: Policy;
  scopes: readonly string[];
  server: string;
  /** As for `decide`. */
  tools?: KnownTools | undefined;
  /** Nothing is hidden: of a broker's lists, because what is behind them is judged when it is used. */
  seesAll?: boolean;
}

/**
 * Whether to show an element of a list: exactly if `decide` allows using it, a tool with some
 * arguments or after an approval. A template stands for many resources. It is
 * shown if the caller may read at least one of them.
 * @param element the element as the server sent it, parsed; one without a name is unusable and not shown
 */
export function isVisible(
  { policy, scopes, server, tools, seesAll }: Viewer,
  listing: Listing,
  element: unknown,
): boolean {
  if (typeof element !== 'object' || element === null) return false;
  const name = (element as Record<string, unknown>)[listing.key];
  if (typeof name !== 'string' || name === '') return false;
  if (seesAll) return true;
  const { use: method, kind } = listing;
  const use: Access = { method, object: { kind, name }, arguments: anyArguments };
  if (decide(policy, scopes, server, [use], tools).allowed) return true;
  const brace = listing.key === 'uriTemplate' ? name.indexOf('{') : -1;
  if (brace === -1) return false;
  const fixed = name.slice(0, brace);
  return methodGrants(policy, scopes, server, method).some((grant) =>
    grant.objects[kind].overlaps(fixed, hasResourceUnder),
  );
}

/** Whether some URI that begins with `fixed` is under a shorter prefix. What follows may end a segment, or continue it. */
function hasResourceUnder(prefix: string, fixed: string): boolean {
  return ['x', '/x'].some((rest) => staysUnder(prefix, fixed + rest));
}

/** Whether a list needs no filter because the caller may use everything in it. */
export function isAllVisible({ policy, scopes, server, tools, seesAll }: Viewer, listing: Listing): boolean {
  if (seesAll) return true;
  if (listing.kind === 'tool' && tools?.approved !== undefined) return false;
  return methodGrants(policy, scopes, server, listing.use).some(
    ({ objects, tools }) => objects[listing.kind].coversAll() || tools?.coversAll(),
  );
}

/** Whether the caller may ask the server for some list of which something has to be removed. */
export function isSomeListFiltered(viewer: Viewer): boolean {
  const { policy, scopes, server } = viewer;
  return listings.values().some((listing) => {
    const mayList = decide(policy, scopes, server, [{ method: listing.method }]).allowed;
    return mayList && !isAllVisible(viewer, listing);
  });
}
