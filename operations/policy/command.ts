import { stripVTControlCharacters } from 'node:util';
import { CannotRun } from './files.ts';

/** What a command says, and its exit code. */
export interface Outcome {
  text: string;
  code: 0 | 1;
}

/**
 * Runs a command of the policy: prints what it says to standard output; wrong use and unreadable files go to standard
 * error and give exit code 2.
 * @param run gets the arguments; may throw `CannotRun`, or what `util.parseArgs` throws
 */
export function runCommand(help: string, run: (args: string[]) => Outcome): void {
  const args = process.argv.slice(2);
  try {
    const { text, code } = args.includes('--help') || args.includes('-h') ? { text: help, code: 0 } : run(args);
    process.stdout.write(`${plain(text)}\n`);
    process.exitCode = code;
  } catch (error) {
    if (!(error instanceof CannotRun || isWrongUse(error))) throw error;
    process.stderr.write(`${plain(error.message)}\n--help says how this is used.\n`);
    process.exitCode = 2;
  }
}

/** Names in tokens and files are anybody's: none may move the cursor or colour the verdict. */
function plain(text: string): string {
  return stripVTControlCharacters(text).replace(/[^\P{C}\n]/gu, '\u{fffd}');
}

function isWrongUse(error: unknown): error is Error {
  return error instanceof Error && String((error as NodeJS.ErrnoException).code).startsWith('ERR_PARSE_ARGS');
}
