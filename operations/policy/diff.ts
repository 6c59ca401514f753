import { parseArgs } from 'node:util';
import { type Difference, diff } from '../../policy/review/diff.ts';
import { type Outcome, runCommand } from './command.ts';
import { CannotRun, readPolicyFile } from './files.ts';

const help = `Says who may do more and who less under a new policy than under the old one. Verdicts are compared, not lines.

  npm run -s scopes:diff -- old-scopes.yml scopes.yml
  git show HEAD:scopes.yml | npm run -s scopes:diff -- - scopes.yml

A file called - is standard input.
Exit code: 0 nobody gains or loses, 1 somebody does, 2 a file cannot be read or is not a valid policy.`;

runCommand(help, compare);

function compare(args: string[]): Outcome {
  const { positionals } = parseArgs({ args, allowPositionals: true, options: {} });
  const [before, after, ...rest] = positionals;
  if (before === undefined || after === undefined || rest.length > 0) {
    throw new CannotRun('Two policy files are needed: the old one and the new one.');
  }
  const differences = diff(readPolicyFile(before, process.env), readPolicyFile(after, process.env));
  if (differences.length === 0) return { text: `Nobody gains or loses anything from ${before} to ${after}.`, code: 0 };
  const lines = [headline(differences)];
  for (const [kind, title] of [
    ['person', 'People, by group:'],
    ['agent', 'Agents, by scope:'],
  ] as const) {
    const own = differences.filter((difference) => difference.kind === kind);
    if (own.length > 0) lines.push('', title, ...own.map((d) => `  ${d.who} ${d.change} ${d.what} on ${d.server}`));
  }
  return { text: lines.join('\n'), code: 1 };
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
