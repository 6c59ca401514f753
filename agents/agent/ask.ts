import { createInterface } from 'node:readline/promises';
import type { Context } from '../lib/context.ts';
import { CommandError, exitCodes } from '../lib/failure.ts';
import { safeText } from '../lib/print.ts';

/** Asks the user at the terminal. */
export type Ask = ReturnType<typeof createAsk>;

/** Asks on stderr, so that stdout holds only the command's answer. */
export function createAsk({ stdin, stderr, signal }: Context) {
  const possible = Boolean(stdin.isTTY && stderr.isTTY);
  const line = async (question: string): Promise<string> => {
    const reader = createInterface({ input: stdin, output: stderr, terminal: true });
    const ended = new AbortController();
    reader.once('close', () => ended.abort());
    reader.once('SIGINT', () => ended.abort());
    try {
      const either = AbortSignal.any([signal, ended.signal]);
      return (await reader.question(safeText(question), { signal: either })).trim();
    } catch (error) {
      throw new CommandError(exitCodes.interrupted, 'Stopped.', { cause: error });
    } finally {
      reader.close();
    }
  };
  return {
    /** Whether stdin and stderr are a terminal. */
    possible,
    /** Returns the trimmed answer. Throws `interrupted` if the user ends the input. */
    line,
    /** False without a terminal. */
    yes: async (question: string) => possible && /^y(es)?$/i.test(await line(`${question} [y/N] `)),
  };
}
