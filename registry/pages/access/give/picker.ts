import { isRuleName } from '../../../../common/policy/edit/names.ts';
import { reveal } from '../../../../common/text/reveal.ts';
import { isUnusable, type ToolInfo } from '../../../servers/tool.ts';
import { shortened } from '../../shared/format.ts';
import { type Effect, effectOf } from '../shared/effect.ts';
import type { Reach } from '../shared/reach.ts';
import type { Faults } from './grant.ts';
import { type KnownArgument, knownArguments } from './schema.ts';
import { emptyLimit, mostLimits, type TypedLimit, type Values } from './values.ts';

/** Tools that one page shows. Those that are chosen are always there. */
const mostShown = 200;
const longestSays = 120;
/** Groups by what a server says of its tools, in their order. MCP 2025-11-25, "ToolAnnotations": claims, not facts. */
const kinds: readonly { kind: Effect; label: string }[] = [
  { kind: 'reads', label: 'Only reads' },
  { kind: 'changes', label: 'Changes something' },
  { kind: 'destroys', label: 'May destroy' },
];

interface PickRow extends TypedLimit {
  fault: string | undefined;
}

export interface Pick {
  name: string;
  says: string;
  isChosen: boolean;
  /** What the holder may do already: call it always, only with limits or an approval, or not at all. */
  has: Reach;
  /** Its definition waits for approval. */
  waits: boolean;
  isGone: boolean;
  rows: readonly PickRow[];
  arguments: readonly KnownArgument[];
  isOnly: boolean;
  isHeld: boolean;
}

export interface PickerInput {
  values: Values;
  tools: readonly ToolInfo[];
  faults: Faults;
  isWaiting: (tool: string) => boolean;
  hasOf: (tool: string) => Reach;
}

/** The tools of a server as the form offers them, in groups, and how many are left out. */
export function pickerOf({ values, tools, faults, isWaiting, hasOf }: PickerInput) {
  const nameable = tools.filter((tool) => isRuleName(tool.name) && !isUnusable(tool));
  const known = new Set(nameable.map(({ name }) => name));
  const pick = (name: string, tool: ToolInfo | undefined): Pick => {
    const isChosen = values.tools.has(name);
    const rows = values.limits.get(name) ?? [];
    return {
      ...{ name, says: saysOf(tool), isChosen, has: hasOf(name), waits: isWaiting(name), isGone: tool === undefined },
      rows: rows.map((row, i) => ({ ...row, fault: faults[`limit ${name} ${i}`] })),
      // Its select is large: only where it is shown.
      arguments: rows.length > 0 ? knownArguments(tool?.inputSchema ?? null) : [],
      ...{ isOnly: values.only.has(name), isHeld: values.held.has(name) },
    };
  };
  const gone = [...values.tools].filter((name) => !known.has(name)).filter(isRuleName);
  const shown = nameable.filter(({ name }, i) => i < mostShown || values.tools.has(name));
  const groups = kinds.map(({ kind, label }) => ({
    label,
    kind,
    tools: shown.filter((tool) => effectOf(tool) === kind).map((tool) => pick(tool.name, tool)),
  }));
  groups.push({ label: 'Not announced now', kind: 'destroys', tools: gone.map((name) => pick(name, undefined)) });
  return {
    groups: groups.filter((group) => group.tools.length > 0),
    chosen: values.tools.size,
    known: nameable.length,
    /** Tools that no rule can name, or that are not usable. */
    unnamed: tools.length - nameable.length,
    more: nameable.length - shown.length,
    blank: emptyLimit,
    mostLimits,
  };
}

export type Picker = ReturnType<typeof pickerOf>;

/** The tools that only read, as the server says, and that wait for no approval. */
export function readingTools(tools: readonly ToolInfo[], isWaiting: (tool: string) => boolean): string[] {
  return tools
    .filter((tool) => effectOf(tool) === 'reads' && isRuleName(tool.name) && !isWaiting(tool.name))
    .map(({ name }) => name);
}

function saysOf(tool: ToolInfo | undefined): string {
  const text = tool?.title ?? tool?.description?.trim().split('\n', 1)[0] ?? '';
  return text === tool?.name ? '' : shortened(reveal(text), longestSays);
}
