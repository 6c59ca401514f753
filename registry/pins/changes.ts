import type { ToolInfo } from '../servers/tool.ts';
import type { ServerDefinitions } from '../store/definitions.ts';
import { type Difference, diffDefinitions, lineOf } from './diff.ts';
import { reveal } from './reveal.ts';

/** A tool that is not as it was approved. */
export interface ToolChange {
  /** As the server writes it: what an approval has to name. */
  name: string;
  /** The same with hidden letters made visible. */
  shown_name: string;
  /** `removed` needs no approval: the tool comes back as it was, or as `changed`. */
  state: 'new' | 'changed' | 'removed';
  /** The definition that waits, or the approved one of a tool that was removed. */
  hash: string;
  /** Approving this one keeps what was approved and lets go of what waits. Null for a new tool. */
  approved_hash: string | null;
  approved_at: string | null;
  approved_by: string | null;
  /** When what waits was first seen. */
  since: string | null;
  differences: (Difference & { line: string })[];
  /** Why nothing can be compared. */
  note: string | null;
}

/** What of a server's tools is not as it was approved. */
export interface ToolChanges {
  server: string;
  first_seen_at: string | null;
  tools: ToolChange[];
}

/** @param seen the tools that the server showed last; undefined if that is not known */
export function toolChanges(
  server: string,
  known: ServerDefinitions,
  seen: readonly ToolInfo[] | undefined,
): ToolChanges {
  const present = new Set(seen?.map(({ name }) => name));
  const waiting = [...known.pending.values()].map((now): ToolChange => {
    const before = known.approved.get(now.name);
    const large = !now.parts || (before && !before.parts);
    return {
      ...about(now.name, before),
      state: before ? 'changed' : 'new',
      hash: now.hash,
      since: now.at.toISOString(),
      differences: diffDefinitions(before?.parts ?? null, now.parts).map((each) => ({ ...each, line: lineOf(each) })),
      note: large ? 'A definition is too large to be kept, so what differs cannot be shown.' : null,
    };
  });
  const gone = seen
    ? [...known.approved.values()].filter(({ name }) => !present.has(name) && !known.pending.has(name))
    : [];
  const removed = gone.map((before): ToolChange => {
    return {
      ...about(before.name, before),
      state: 'removed',
      hash: before.hash,
      since: null,
      differences: [],
      note: null,
    };
  });
  const tools = [...waiting, ...removed].sort((a, b) => (a.name < b.name ? -1 : 1));
  return { server, first_seen_at: known.firstSeenAt?.toISOString() ?? null, tools };
}

function about(name: string, approved: { hash: string; at: Date; by?: string } | undefined) {
  return {
    name,
    shown_name: reveal(name),
    approved_hash: approved?.hash ?? null,
    approved_at: approved?.at.toISOString() ?? null,
    approved_by: approved?.by ?? null,
  };
}
