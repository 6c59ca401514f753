import { filesName, markOf } from '../../../registry/servers/file-mark.ts';
import { begin } from '../../gateway/identity.ts';
import { type CallerOptions, does, type Run, withIdentity } from '../../lib/command.ts';
import { CommandError, type ExitCode, exitCodes, usageError } from '../../lib/failure.ts';
import { safeText } from '../../lib/print.ts';
import { readWanted } from './files.ts';
import { planFor, type Step } from './plan.ts';
import { type LastChange, openServers, type Servers } from './registry.ts';
import { changeWords, stepLines } from './words.ts';

interface ApplyOptions extends CallerOptions {
  file: string[];
  from: string;
  prune?: boolean;
  adopt?: boolean;
  dryRun?: boolean;
}

/** What became of a step. */
interface Told {
  step: Step;
  last?: LastChange | undefined;
  outcome: 'planned' | 'done' | 'refused' | 'failed';
  reason?: string;
  warnings: string[];
}

/** The command `apply`: the registry gets the servers that files name. */
export const applyCommand = does<ApplyOptions>(
  'apply',
  'Register, change and delete servers and sets, so that the registry has what files say.',
  [
    'mcp-gateway apply -f servers/ --dry-run',
    'mcp-gateway apply -f servers/ --prune',
    'mcp-gateway apply -f team-a.yml --from team-a --use-session-cookie',
  ],
  (command) =>
    withIdentity(
      command
        .requiredOption('-f, --file <path...>', 'YAML or JSON files, or folders of them, as registry/servers.yml')
        .option('--from <name>', 'the name of these files: servers that they make get the tag from:<name>', 'git')
        .option('--prune', 'delete servers with this tag that the files do not name')
        .option('--adopt', 'take over servers that these files name and did not make')
        .option('--dry-run', 'change nothing; exit code 2 if something would change'),
    ),
  apply,
);

async function apply(run: Run<ApplyOptions>): Promise<ExitCode> {
  const { print, options } = run;
  const { file, from, prune = false, adopt = false, dryRun = false } = options;
  if (!filesName.test(from)) throw usageError('--from takes 1 to 24 of a-z 0-9 -, beginning with a letter or digit.');
  const wanted = await readWanted(file);
  if (prune && wanted.length === 0)
    throw new CommandError(exitCodes.failed, 'The files name no server: --prune would delete all that they made.', {
      hints: ['Is the path right? To delete the last one, do it in the registry.'],
    });
  const servers = openServers({ ...(await begin(run)), print }, from);
  const names = new Set(wanted.map(({ settings }) => settings.name));
  const plan = planFor(wanted, await servers.present(names, markOf(from)), { from, adopt, prune });
  const told: Told[] = [];
  const own = plan.steps.length > 0 ? await servers.ownName() : '';
  for (const step of plan.steps) {
    print.progress(`${told.length + 1} of ${plan.steps.length}: ${step.name}`);
    told.push(await tell(servers, step, own, dryRun));
  }
  const { unchanged, unnamed } = plan;
  const words = [...told.flatMap(linesOf), ...endLines(told, unchanged, unnamed, dryRun)].join('\n');
  // People read the log of a pipeline, where stdout is no terminal.
  if (print.json) print.note(words);
  print.result({ dry_run: dryRun, unchanged, unnamed, steps: told.map(toJson) }, () => words);
  if (told.some(({ outcome }) => outcome === 'refused' || outcome === 'failed')) return exitCodes.failed;
  return dryRun && told.length > 0 ? exitCodes.usage : exitCodes.ok;
}

/** Does a step unless nothing is to be changed, and goes on with the others if it fails. */
async function tell(servers: Servers, step: Step, own: string, dryRun: boolean): Promise<Told> {
  if (step.action === 'refuse') return { step, outcome: 'refused', reason: step.why, warnings: [] };
  const last = step.action === 'register' ? undefined : await servers.lastChange(step.name, own);
  if (dryRun) return { step, last, outcome: 'planned', warnings: [] };
  try {
    return { step, last, outcome: 'done', warnings: await servers.carryOut(step) };
  } catch (error) {
    if (!(error instanceof CommandError)) throw error;
    return { step, last, outcome: 'failed', reason: error.message, warnings: [] };
  }
}

function toJson({ step, last, outcome, reason, warnings }: Told) {
  const changes = step.action === 'change' ? step.changes.map(changeWords) : [];
  const file = 'file' in step ? step.file : null;
  const action = step.action === 'refuse' ? null : step.action;
  return {
    name: step.name,
    action,
    outcome,
    file,
    reason: reason ?? null,
    changes,
    changed_by: last ?? null,
    warnings,
  };
}

function linesOf({ step, last, outcome, reason, warnings }: Told): string[] {
  return [
    ...stepLines(step),
    ...(last
      ? [`    changed last by ${safeText(last.by)}, ${last.at.slice(0, 16).replace('T', ' ')} UTC: that is lost`]
      : []),
    ...(outcome === 'failed' ? [`    failed: ${safeText(reason ?? '')}`] : []),
    ...warnings.map((warning) => `    note: ${safeText(warning)}`),
  ];
}

function endLines(told: readonly Told[], unchanged: number, unnamed: readonly string[], dryRun: boolean): string[] {
  const count = (action: Step['action']) =>
    told.filter(({ step, outcome }) => step.action === action && outcome !== 'failed').length;
  const failed = told.filter(({ outcome }) => outcome === 'failed').length;
  const words = [
    `${count('register')} new`,
    `${count('change')} changed`,
    `${count('delete')} deleted`,
    `${unchanged} as they are`,
    ...(count('refuse') > 0 ? [`${count('refuse')} left alone`] : []),
    ...(failed > 0 ? [`${failed} failed`] : []),
  ];
  const rest =
    unnamed.length > 0 ? [`No file names ${safeText(unnamed.join(', '))} any more: --prune deletes it.`] : [];
  return [...rest, `${dryRun ? 'Nothing was changed. It would be: ' : ''}${words.join(', ')}.`];
}
