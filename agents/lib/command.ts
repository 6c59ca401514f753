import { Command, Option } from 'commander';
import type { Context } from './context.ts';
import { CommandError, type ExitCode, exitCodes } from './failure.ts';
import { createPrint, type Print, type PrintOptions, wrap } from './print.ts';
import { type IdentityOptions, modeOf, readSettings, type Settings } from './settings.ts';

/** The options of every command. */
export interface CommonOptions extends PrintOptions {
  envFile?: string;
  gateway?: string;
}

/** The input of a running command. */
export interface Run<O extends CommonOptions> {
  context: Context;
  print: Print;
  options: O;
  args: string[];
}

/** The options of a command that acts as the agent or the person. */
export interface CallerOptions extends CommonOptions, IdentityOptions {}

/** Makes a command for one run, and passes its exit code to `done`. */
export type MakeCommand = (context: Context, done: (code: ExitCode) => void) => Command;

/** Adds the options that choose between the agent's identity and the person's. */
export function withIdentity(command: Command): Command {
  return command
    .option('--use-session-cookie', 'act as the logged-in person instead of the agent of agents/.env.agent')
    .option('--session-cookie-file <file>', 'the same, with this file instead of ~/.mcp/session_cookie');
}

/** Adds the option of a command that acts as the logged-in person, never as an agent. */
export function withSession(command: Command): Command {
  return command.option('--session-cookie-file <file>', 'read the session from another file');
}

/** The option `--transport`. */
export function transportOption(): Option {
  const option = new Option('--transport <name>', 'mcp (streamable HTTP) or sse (legacy)');
  return option.choices(['mcp', 'sse']).default('mcp');
}

/**
 * Defines a command with the common options.
 * @param examples the end of its help
 * @param define adds the command's own options and arguments
 * @param work throws `CommandError` on failure; returns the exit code, undefined for ok
 */
export function does<O extends CommonOptions>(
  name: string,
  description: string,
  examples: readonly string[],
  define: (command: Command) => Command,
  work: (run: Run<O>) => Promise<ExitCode | undefined>,
): MakeCommand {
  return (context, done) => {
    const command = new Command(name)
      .description(description)
      .helpOption('-h, --help', 'show this help')
      .option('--env-file <file>', 'read settings from this file instead of the one in agents/')
      .option('--gateway <url>', 'the address of the gateway, instead of REGISTRY_URL')
      .option('--json', 'print the result as JSON (default if stdout is not a terminal)')
      .option('--debug', 'show requests, status and times on stderr, without secrets')
      .addHelpText('after', `\nExample${examples.length > 1 ? 's' : ''}:\n  ${examples.join('\n  ')}`);
    return define(command).action(async () => {
      const options = command.opts<O>();
      const print = createPrint(context, options);
      const run = work({ context, print, options, args: command.args });
      const code = await run.catch((error: unknown) => report(print, error));
      done(context.signal.aborted ? exitCodes.interrupted : (code ?? exitCodes.ok));
    });
  };
}

/** Prints an error on stderr. @returns its exit code */
export function report(print: Print, error: unknown): ExitCode {
  if (!(error instanceof CommandError)) {
    if ((error as Error)?.name === 'AbortError') return exitCodes.interrupted;
    print.note(`${print.style('red', 'error')} ${error instanceof Error ? error.message : String(error)}`);
    print.debug(error instanceof Error ? String(error.stack) : '');
    return exitCodes.failed;
  }
  const word = error.exitCode === exitCodes.denied ? 'denied' : 'error';
  const [first = '', ...more] = folded(print, error.message, word.length + 1);
  print.note([`${print.style('red', word)} ${first}`, ...more].join('\n'));
  for (const hint of error.hints)
    print.note(
      folded(print, hint, 2)
        .map((line, i) => (i === 0 ? `  ${line}` : line))
        .join('\n'),
    );
  if (error.reason) print.debug(`the gateway's code is ${error.reason} (docs/validate.md)`);
  return error.exitCode;
}

/** Folds a message to the width of the terminal. Without a terminal it stays on one line, for searches. */
function folded(print: Print, text: string, used: number): string[] {
  if (!print.interactive) return [text];
  const lines = text
    .split('\n')
    .flatMap((line) => (line.startsWith(' ') ? [line] : wrap(line, print.width - Math.max(used, 2))));
  return lines.map((line, i) => (i === 0 || line.startsWith(' ') ? line : `  ${line}`));
}

/** Reads the settings of the chosen identity, and prints their notices. */
export function settingsFor(
  context: Context,
  print: Print,
  options: CommonOptions & IdentityOptions,
  mode = modeOf(options),
): Settings {
  const { envFile, gateway } = options;
  const settings = readSettings(context, { mode, envFile, gateway });
  print.debug(`settings from ${settings.file} and the environment; gateway ${settings.gateway}`);
  for (const notice of settings.notices) print.note(`${print.style('yellow', 'note')} ${notice}`);
  return settings;
}
