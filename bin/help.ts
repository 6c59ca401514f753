import { buildProgram } from '../agents/program.ts';
import { home, isPackage } from '../common/settings/values.ts';
import { commands } from './commands.ts';

/** Prints all commands: those that use a gateway from anywhere, and those that run and operate one on its machine. */
export function printHelp(stdout: NodeJS.WriteStream): void {
  const { env, stdin, stderr } = process;
  const { signal } = new AbortController();
  const program = buildProgram({ env, folder: '', home: '', stdin, stdout, stderr, signal }, () => {});
  program.description('Run an MCP gateway on this machine, or use one from a terminal.');
  program.commandsGroup('Commands on the machine of the gateway:');
  for (const [name, { summary }] of Object.entries(commands)) program.command(name).description(summary);
  program.option('-V, --version', 'show the version');
  if (isPackage) program.addHelpText('after', `\nSettings, policy and databases are in ${home}.`);
  program.outputHelp();
}
