import { parseArgs } from 'node:util';
import { lint } from '../../policy/review/lint.ts';
import { type Outcome, runCommand } from './command.ts';
import { CannotRun, defaultPolicyFile, readPolicyFile, readServerNames } from './files.ts';

const help = `Looks for mistakes in a policy that is valid: rules that grant nothing, or nothing more, and names that nothing defines.

  npm run -s scopes:check
  npm run -s scopes:check -- my-scopes.yml --servers registry/servers.yml

Without a file it is SCOPES_FILE, or scopes.yml. --servers also reports servers that the file of servers does not have
(the registry may know more: those that somebody registered).
Exit code: 0 no warning, 1 warnings, 2 the file cannot be read or is not a valid policy.`;

runCommand(help, check);

function check(args: string[]): Outcome {
  const { values, positionals } = parseArgs({
    args,
    allowPositionals: true,
    options: { servers: { type: 'string' } },
  });
  if (positionals.length > 1) throw new CannotRun('Only one policy file can be checked at a time.');
  const path = positionals[0] ?? defaultPolicyFile(process.env);
  const policy = readPolicyFile(path, process.env);
  const servers = values.servers === undefined ? undefined : readServerNames(values.servers, process.env);
  const findings = lint(policy, servers);
  const warnings = findings.filter(({ level }) => level === 'warning').length;
  const count = warnings === 0 ? 'no warnings' : `${warnings} ${warnings === 1 ? 'warning' : 'warnings'}`;
  const lines = findings.map(({ level, at, message }) => `  ${level.padEnd(7)}  ${at}: ${message}`);
  return {
    text: [`version ${policy.version} of ${path}: ${count}`, ...lines].join('\n'),
    code: warnings === 0 ? 0 : 1,
  };
}
