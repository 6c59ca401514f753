import { Command, CommanderError } from 'commander';
import { cleanText } from '../common/text/clean.ts';

/** What a command takes from its process. A test can give its own. */
export interface Context {
  env: NodeJS.ProcessEnv;
  stdin: NodeJS.ReadableStream;
  stdout: NodeJS.WritableStream & { isTTY?: boolean };
  stderr: NodeJS.WritableStream;
}

/** Runs a command with the words of its command line. Resolves with the exit code. */
export type Run = (words: readonly string[], context: Context) => Promise<number>;

/** Ends a command with a message on standard error. Exit code 2 means wrong use; 1 means that it could not be done. */
export class CommandError extends Error {
  readonly exitCode: 1 | 2;
  constructor(message: string, exitCode: 1 | 2 = 2) {
    super(message);
    this.exitCode = exitCode;
  }
}

/**
 * Makes a command for operators.
 * @param help what `--help` prints
 * @param declare adds options and arguments
 * @param act does the work and returns the exit code; may throw {@link CommandError}
 */
export function operatorCommand<Options extends object>(
  help: string,
  declare: (command: Command) => Command,
  act: (options: Options, context: Context, words: readonly string[]) => number | Promise<number>,
): Run {
  return async (words, context) => {
    let code = 0;
    const command = declare(new Command()).exitOverride();
    command.configureOutput({ writeOut: (text) => context.stdout.write(text), writeErr: () => {} });
    command.helpInformation = () => `${help}\n`;
    command.action(async () => {
      code = await act(command.opts<Options>(), context, command.args);
    });
    try {
      refuseSwallowedOptions(command, words);
      await command.parseAsync(words, { from: 'user' });
      return code;
    } catch (error) {
      return report(error, context);
    }
  };
}

/** Of `--user --all`, commander would take `--all` for the user's name: most likely a variable was empty. */
function refuseSwallowedOptions({ options }: Command, words: readonly string[]): void {
  for (const [index, word] of words.entries()) {
    const takesValue = options.some(({ long, required, variadic }) => long === word && (required || variadic));
    if (takesValue && /^-./.test(words[index + 1] ?? '')) throw new CommandError(`${word} needs a value.`, 2);
  }
}

function report(error: unknown, { stderr }: Context): number {
  if (error instanceof CommanderError && error.exitCode === 0) return 0;
  const isWrongUse = error instanceof CommanderError || (error instanceof CommandError && error.exitCode === 2);
  if (!isWrongUse && !(error instanceof CommandError)) throw error;
  const message = cleanText((error as Error).message.replace(/^error: /, ''), { keep: '\n' });
  stderr.write(isWrongUse ? `${message}\n--help says how this is used.\n` : `${message}\n`);
  return isWrongUse ? 2 : 1;
}

/** An option that may be given several times, as the parser that commander takes. */
export function collect(value: string, before: readonly string[] = []): readonly string[] {
  return [...before, value];
}

/** Writes text and a line break to standard output. */
export function print({ stdout }: Context, text: string): void {
  stdout.write(`${text}\n`);
}

/** Runs a command as the program that this process is. */
export async function runAsProgram(run: Run): Promise<void> {
  // A reader that has seen enough, such as head.
  process.stdout.on('error', (error: NodeJS.ErrnoException) => process.exit(error.code === 'EPIPE' ? 0 : 1));
  process.exitCode = await run(process.argv.slice(2), {
    env: process.env,
    get stdin() {
      return process.stdin;
    },
    stdout: process.stdout,
    stderr: process.stderr,
  });
}
