import { serverNameForm } from '../../../policy/names.ts';
import type { Grant, ToolEntry } from './grant.ts';
import { isToolPattern } from './names.ts';
import { EditRefused } from './refused.ts';

const serverName = new RegExp(`^(?!all$)${serverNameForm}$`);
const longestName = 128;

/**
 * Checks the names of a grant: they come from a form, and a server can call its tools what it likes. What else is wrong with an
 * entry, the parser of the file says.
 * @throws {EditRefused} with what to change
 */
export function checkGrant({ to, server, tools }: Grant): void {
  if (to.name === '' || to.name.length > longestName || !/^[^\p{C}]+$/u.test(to.name))
    throw new EditRefused(
      `Name a ${to.kind === 'group' ? 'group' : 'scope of an agent'} with 1 to ${longestName} visible characters.`,
    );
  if (!serverName.test(server)) throw new EditRefused(`"${server}" is no name of a server. Name one server or set.`);
  for (const tool of tools) {
    const name = typeof tool === 'string' ? tool : nameOf(tool);
    if (name === undefined || isToolPattern(name)) continue;
    const why =
      name === 'all'
        ? 'A rule reads it as every tool: write "*" if you mean that'
        : 'Use letters, digits and _ . / -, and one * at the end for all that begin so';
    throw new EditRefused(`A rule cannot name the tool "${name}". ${why}.`);
  }
}

function nameOf({ name, hint }: ToolEntry): string | undefined {
  if ((name === undefined) === (hint === undefined)) throw new EditRefused('Give each entry either a name or a hint.');
  return name;
}
