import type { ApprovedTools } from './approved-tools.ts';
import { decide, methodGrants } from './decide.ts';
import type { Policy } from './policy.ts';
import type { ObjectKind } from './request/methods.ts';

/** A method that answers with a list, what stands in the list, and the method that uses what it lists. */
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

/** What a caller may see of one server's lists. */
export interface Viewer {
  policy: Policy;
  scopes: readonly string[];
  server: string;
  /** As for `decide`. */
  approved?: ApprovedTools | undefined;
}

/**
 * Whether an element of a list is shown: exactly if using it would be allowed, by the same `decide`. A template stands
 * for many resources, and is shown if at least one of them could be read.
 * @param element the element as the server sent it, parsed; one without a name cannot be used, and is not shown
 */
export function isVisible({ policy, scopes, server, approved }: Viewer, listing: Listing, element: unknown): boolean {
  if (typeof element !== 'object' || element === null) return false;
  const name = (element as Record<string, unknown>)[listing.key];
  if (typeof name !== 'string' || name === '') return false;
  const { use: method, kind } = listing;
  if (decide(policy, scopes, server, [{ method, object: { kind, name } }], approved).allowed) return true;
  const brace = listing.key === 'uriTemplate' ? name.indexOf('{') : -1;
  if (brace === -1) return false;
  const fixed = name.slice(0, brace);
  return methodGrants(policy, scopes, server, method).some((grant) => grant.objects[kind].overlaps(fixed));
}

/**
 * Whether a list needs no look because the caller may use whatever could stand in it. Never so for resources: even `*`
 * does not cover a URI that is not in normal form.
 */
export function isAllVisible({ policy, scopes, server, approved }: Viewer, listing: Listing): boolean {
  if (listing.kind === 'resource' || (listing.kind === 'tool' && approved !== undefined)) return false;
  return methodGrants(policy, scopes, server, listing.use).some((grant) => grant.objects[listing.kind].coversAll());
}
