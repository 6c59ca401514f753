import * as z from 'zod';
import { reveal } from '../../common/text/reveal.ts';
import type { Definition } from '../servers/definition.ts';
import type { ToolInfo } from '../servers/tool.ts';
import type { ServerDefinitions } from '../store/definitions.ts';
import { type DiffBudget, diffDefinitions, lineOf } from './diff.ts';

const time = z.iso.datetime();
/** Characters of the differences of one server. They are on its page, and twice in an answer. */
const mostCharacters = 500_000;

const toolChange = z.strictObject({
  name: z.string().describe('As the server writes it. An approval names it like this.'),
  shown_name: z.string().describe('The name with hidden characters made visible.'),
  state: z.enum(['new', 'changed', 'removed']).describe('removed needs no approval.'),
  hash: z.string().describe('Of the definition that waits, or of the approved one of a removed tool.'),
  approved_hash: z
    .string()
    .nullable()
    .describe(
      'Approving this one rejects the definition that waits: the tool stays in question until a check has seen this one.',
    ),
  approved_at: time.nullable(),
  approved_by: z.string().nullable(),
  since: time.nullable().describe('When the definition that waits was first seen.'),
  differences: z.array(
    z.strictObject({
      path: z.string(),
      before: z.string().nullable(),
      after: z.string().nullable(),
      line: z.string().describe('The difference as one line.'),
    }),
  ),
  note: z
    .string()
    .nullable()
    .describe('What the tool waits for, why nothing can be compared, or why the tool cannot be approved.'),
});

/** The tools of a server that are not as they were approved. */
export const toolChangesAnswer = z.strictObject({
  server: z.string(),
  first_seen_at: time.nullable(),
  tools: z.array(toolChange),
});

type ToolChange = z.output<typeof toolChange>;
export type ToolChanges = z.output<typeof toolChangesAnswer>;

/** @param current the tools in the server's last answer; undefined if unknown */
export function toolChanges(
  server: string,
  known: ServerDefinitions,
  current: readonly ToolInfo[] | undefined,
): ToolChanges {
  const present = new Set(current?.map(({ name }) => name));
  const budget = { characters: mostCharacters };
  const waiting = [...known.pending.values()].map((now): ToolChange => {
    const before = known.approved.get(now.name);
    return {
      ...about(now.name, before),
      state: before ? 'changed' : 'new',
      hash: now.hash,
      since: now.at.toISOString(),
      ...noted(comparedTo(before, now, budget), now.rejected === true),
    };
  });
  const gone = current
    ? [...known.approved.values()].filter(({ name }) => !present.has(name) && !known.pending.has(name))
    : [];
  const nothing = { since: null, differences: [], note: null };
  const removed = gone.map((before): ToolChange => {
    return { ...about(before.name, before), state: 'removed', hash: before.hash, ...nothing };
  });
  const tools = [...waiting, ...removed].sort((a, b) => (a.name < b.name ? -1 : 1));
  return { server, first_seen_at: known.firstSeenAt?.toISOString() ?? null, tools };
}

/** Says that a person has decided, and what the tool waits for. */
function noted(compared: Pick<ToolChange, 'differences' | 'note'>, isRejected: boolean): typeof compared {
  if (!isRejected) return compared;
  const note = 'The approved definition is kept. It counts again when a check finds that the server announces it.';
  return { ...compared, note: compared.note === null ? note : `${note} ${compared.note}` };
}

function comparedTo(
  before: Definition | undefined,
  now: Definition,
  budget: DiffBudget,
): Pick<ToolChange, 'differences' | 'note'> {
  const only = (note: string) => ({ differences: [], note });
  if (now.unusable !== undefined) return only(reveal(now.unusable));
  if (budget.characters <= 0) return only('The tools before it differ so much that its own differences are not shown.');
  const found = diffDefinitions(before?.parts ?? null, now.parts, budget);
  const isLarge = !now.parts || (before && !before.parts);
  return {
    differences: found.map((each) => ({ ...each, line: lineOf(each) })),
    note: isLarge ? 'A definition is too large to store, so the differences cannot be shown.' : null,
  };
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
