import { offeredName } from '../../../policy/offered-names.ts';
import type { Catalogue, CatalogueEntry } from '../../access/catalogue.ts';
import type { Person } from '../../access/guards.ts';
import { isFixedName } from '../../servers/names.ts';
import { isSet } from '../../servers/server.ts';
import { isUnusable } from '../../servers/tool.ts';
import { shortened } from '../shared/format.ts';
import { isUnread } from '../shared/shown-status.ts';
import type { Values } from './values.ts';

/** With more tools the page gets slow to draw: servers beyond offer the choice of all tools, and the chosen ones. */
const mostTools = 3_000;
const longestTitle = 120;

/** A server of the tool picker. */
export interface Choice {
  name: string;
  title: string;
  isAll: boolean;
  /** How many of its tools are chosen one by one. */
  chosen: number;
  /** How many tools it announces. */
  known: number;
  tools: readonly { name: string; title: string; isChosen: boolean; says?: string | undefined }[];
  /** What to know about it. */
  says?: string;
}

/**
 * The servers to choose from, and their tools: those that the person may see, and those of the set that are gone. Servers with a
 * choice come first.
 */
export function pickerFor(
  catalogue: Catalogue,
  person: Person,
  { all, tools }: Pick<Values, 'all' | 'tools'>,
): Choice[] {
  const entries = catalogue.list(person).filter((entry) => !isSet(entry) && !isFixedName(entry.name));
  const there = new Set(entries.map(({ name }) => name));
  const gone = [...new Set([...all, ...tools.keys()])].filter((name) => !there.has(name));
  const isChosen = ({ name }: CatalogueEntry) => all.has(name) || tools.has(name);
  let left = mostTools;
  const shown = entries
    .toSorted((a, b) => Number(isChosen(b)) - Number(isChosen(a)))
    .map((entry) => {
      const choice = choiceOf(entry, all.has(entry.name), tools.get(entry.name) ?? new Set(), left);
      left -= choice.tools.length;
      return choice;
    });
  const lost = gone.map((name): Choice => {
    const own = [...(tools.get(name) ?? [])].map((tool) => ({ name: tool, title: '', isChosen: true }));
    const says = 'There is no such server any more, or you may not see it.';
    return { name, title: name, isAll: all.has(name), chosen: own.length, known: 0, tools: own, says };
  });
  return [...lost, ...shown];
}

/** Why a set offers nothing of a server at the moment. */
function whyNotNow(server: CatalogueEntry): string | undefined {
  if (!server.enabled) return 'Disabled: left out until it is enabled.';
  if (isUnread(server))
    return 'Left out: it shows its tools only to people with an account there, or to a credential for checks.';
  return undefined;
}

function choiceOf(server: CatalogueEntry, isAll: boolean, chosen: ReadonlySet<string>, most: number): Choice {
  const { name, title, health } = server;
  const announced = health.tools.filter((tool) => !isUnusable(tool));
  const names = new Set(announced.map((tool) => tool.name));
  const lost = [...chosen].filter((tool) => !names.has(tool));
  const known = announced.map((tool) => ({
    name: tool.name,
    title: shortened(tool.title ?? tool.description?.trim().split('\n', 1)[0] ?? '', longestTitle),
    isChosen: chosen.has(tool.name),
    says:
      offeredName({ server: name, name: tool.name }, 'tool') === undefined ? 'name too long to be offered' : undefined,
  }));
  const tools = [
    ...lost.map((tool) => ({ name: tool, title: '', isChosen: true, says: 'not announced now' })),
    ...known.filter((tool, index) => tool.isChosen || index < most),
  ];
  const says = whyNotNow(server);
  const about = { name, title, isAll, chosen: chosen.size, known: announced.length, tools };
  return says === undefined ? about : { ...about, says };
}
