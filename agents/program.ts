import { Command, CommanderError } from 'commander';
import { agentCommand } from './commands/agent.ts';
import { applyCommand } from './commands/apply/apply.ts';
import { callCommand } from './commands/call.ts';
import { importCommand } from './commands/import.ts';
import { loginCommand } from './commands/login.ts';
import { logoutCommand } from './commands/logout.ts';
import { policyCommand } from './commands/policy/policy.ts';
import { serversCommand } from './commands/servers.ts';
import { tokenCommand } from './commands/token.ts';
import { toolsCommand } from './commands/tools.ts';
import { whoamiCommand } from './commands/whoami.ts';
import type { Context } from './lib/context.ts';
import { type ExitCode, exitCodeMeanings, exitCodes } from './lib/failure.ts';

const makers = [
  loginCommand,
  whoamiCommand,
  logoutCommand,
  tokenCommand,
  serversCommand,
  toolsCommand,
  callCommand,
  importCommand,
  applyCommand,
  policyCommand,
  agentCommand,
];

/**
 * Runs the command line.
 * @param words the arguments after the program's name
 * @returns the exit code; never throws
 */
export async function run(words: readonly string[], context: Context): Promise<ExitCode> {
  let code: ExitCode = exitCodes.ok;
  const program = buildProgram(context, (given) => {
    code = given;
  });
  try {
    await program.parseAsync([...words], { from: 'user' });
    return code;
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    return error.exitCode === 0 ? exitCodes.ok : exitCodes.usage;
  }
}

/** Builds the program with all its commands, also for help and documentation. */
export function buildProgram(context: Context, done: (code: ExitCode) => void): Command {
  const program = new Command('mcp-gateway')
    .description('Use the MCP gateway from a terminal, as yourself or as an agent with its own identity.')
    .helpOption('-h, --help', 'show this help')
    .helpCommand('help [command]', 'show the help of a command')
    .exitOverride()
    .configureOutput({
      writeOut: (text) => void context.stdout.write(text),
      writeErr: (text) => void context.stderr.write(text),
      getOutHelpWidth: () => context.stdout.columns || 100,
      getErrHelpWidth: () => context.stderr.columns || 100,
    })
    .showHelpAfterError('(see --help)')
    .addHelpText('after', `\n${exitCodeText()}\n\n${settingsText}`);
  for (const make of makers) program.addCommand(make(context, done).copyInheritedSettings(program));
  return program;
}

function exitCodeText(): string {
  const lines = exitCodeMeanings.map(([code, meaning]) => `  ${String(code).padEnd(5)}${meaning}`);
  return `Exit codes:\n${lines.join('\n')}`;
}

const settingsText = `Settings:
  login, whoami, logout   agents/.env.user    (template: agents/.env.user.example)
  everything else         agents/.env.agent   (template: agents/.env.agent.example)
  Precedence: the command line, the environment, the file of --env-file or the one above, or else its template,
  which holds the demo's settings. With --use-session-cookie all commands read agents/.env.user.`;
