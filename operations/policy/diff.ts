import { type Difference, diff } from '../../policy/review/diff.ts';
import { differenceLine } from '../../policy/review/words.ts';
import { CommandError, operatorCommand, runAsProgram } from '../command.ts';
import { printPlain, readPolicyFile, readPolicyInForce } from './files.ts';

const help = `Shows who may do more and who may do less under a new policy than under the old one. It compares verdicts, not lines.

  npm run -s scopes:diff -- old-scopes.yml scopes.yml
  npm run -s scopes:diff -- new-scopes.yml        compares the policy in force with it
  git show HEAD:scopes.yml | npm run -s scopes:diff -- - scopes.yml

A file called - is standard input. The policy in force is the newest version in the database with POLICY_EDITABLE=true, else
SCOPES_FILE, by the settings of the environment or .env.
Exit code: 0 no caller gains or loses anything, 1 a caller does, 2 a file cannot be read or is not a valid policy.`;

export const run = operatorCommand(
  help,
  (command) => command.argument('[files...]'),
  async (_options, context, files) => {
    const after = files[1] ?? files[0];
    if (after === undefined || files.length > 2)
      throw new CommandError(
        'One or two policy files are needed: the old one, if it is not the policy in force, and the new one.',
      );
    const before = await readPolicyInForce(files.length === 2 ? files[0] : undefined, context);
    const differences = diff(before.policy, await readPolicyFile(after, context));
    const isSame = differences.length === 0;
    const same = `No caller gains or loses anything from ${before.file} to ${after}.`;
    const compared = files.length === 1 ? `From ${before.file} to ${after}.\n` : '';
    printPlain(context, isSame ? same : `${compared}${asText(differences)}`);
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
