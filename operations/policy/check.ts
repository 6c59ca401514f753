import { lintArguments } from '../../policy/review/lint/arguments.ts';
import { lint } from '../../policy/review/lint/lint.ts';
import { lintSets } from '../../policy/review/lint/sets.ts';
import { CommandError, operatorCommand, runAsProgram } from '../command.ts';
import { printPlain, readPolicyInForce, readServerList, readToolList } from './files.ts';

const help = `Looks for mistakes in a valid policy: rules that grant nothing, or nothing more, and undefined names.

  npm run -s scopes:check
  npm run -s scopes:check -- my-scopes.yml --servers registry/servers.yml
  mcp-gateway tools --json | npm run -s scopes:check -- --tools -

Without a file it checks the policy in force: with POLICY_EDITABLE=true the newest version in the database, else SCOPES_FILE,
by the settings of the environment or .env. --servers also reports servers that are not in the file of servers
(the registry may have more: those that were registered later), and what its sets offer that no group may call.
--tools takes the tools as 'mcp-gateway tools --json' prints them (- is standard input), and reports which of their
arguments rules leave free, and which they name in vain.
Exit code: 0 no warning, 1 warnings, 2 the file cannot be read or is not a valid policy.`;

export const run = operatorCommand<{ servers?: string; tools?: string }>(
  help,
  (command) => command.argument('[files...]').option('--servers <file>').option('--tools <file>'),
  async ({ servers: serversFile, tools: toolsFile }, context, files) => {
    if (files.length > 1) throw new CommandError('Only one policy file can be checked at a time.');
    const { file: path, policy } = await readPolicyInForce(files[0], context);
    const servers = serversFile === undefined ? undefined : await readServerList(serversFile, context);
    const tools = toolsFile === undefined ? [] : await readToolList(toolsFile, context);
    const findings = [
      ...lint(policy, servers?.names),
      ...lintArguments(policy.source, tools),
      ...lintSets(policy, servers?.sets ?? []),
    ];
    const warnings = findings.filter(({ level }) => level === 'warning').length;
    const count = warnings === 0 ? 'no warnings' : `${warnings} ${warnings === 1 ? 'warning' : 'warnings'}`;
    const lines = findings.map(({ level, at, message }) => `  ${level.padEnd(7)}  ${at}: ${message}`);
    printPlain(context, [`version ${policy.version} of ${path}: ${count}`, ...lines].join('\n'));
    return warnings === 0 ? 0 : 1;
  },
);

if (import.meta.main) await runAsProgram(run);
