import { type Difference, diff } from '../../policy/review/diff.ts';
import { differenceLine } from '../../policy/review/words.ts';
import { CommandError, operatorCommand, runAsProgram } from '../command.ts';
import { printPlain, readPolicyFile } from './files.ts';

const help = `Shows who may do more and who may do less under a new policy than under the old one. It compares verdicts, not lines.

  npm run -s scopes:diff -- old-scopes.yml scopes.yml
  git show HEAD:scopes.yml | npm run -s scopes:diff -- - scopes.yml

A file called - is standard input.
Exit code: 0 no caller gains or loses anything, 1 a caller does, 2 a file cannot be read or is not a valid policy.`;

export const run = operatorCommand(
  help,
  (command) => command.argument('[files...]'),
  async (_options, context, files) => {
    const [before, after, ...rest] = files;
    if (before === undefined || after === undefined || rest.length > 0) {
      throw new CommandError('Two policy files are needed: the old one and the new one.');
    }
    const differences = diff(await readPolicyFile(before, context), await readPolicyFile(after, context));
    const isSame = differences.length === 0;
    printPlain(context, isSame ? `No caller gains or loses anything from ${before} to ${after}.` : asText(differences));
    return isSame ? 0 : 1;
  },
);

function asText(differences: readonly Difference[]): string {
  const lines = [headline(differences)];
  for (const [kind, title] of [
    ['person', 'People, by group:'],
    ['agent', 'Agents, by scope:'],
  ] as const) {
    const own = differences.filter((difference) => difference.kind === kind);
    if (own.length > 0) lines.push('', title, ...own.map((each) => `  ${differenceLine(each)}`));
  }
  return lines.join('\n');
}

function headline(differences: readonly Difference[]): string {
  const count = (kind: Difference['kind'], change: Difference['change'], noun: string) => {
    const { size } = new Set(differences.filter((d) => d.kind === kind && d.change === change).map(({ who }) => who));
    return `${size} ${noun}${size === 1 ? '' : 's'}`;
  };
  const side = (change: Difference['change']) =>
    `${count('person', change, 'group')} and ${count('agent', change, 'scope')}`;
  return `Gain something: ${side('gains')}. Lose something: ${side('loses')}.`;
}

if (import.meta.main) await runAsProgram(run);
