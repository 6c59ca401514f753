import { createInterface } from 'node:readline/promises';
import type { Context } from '../lib/context.ts';
import { CommandError, exitCodes } from '../lib/failure.ts';
import { safeText } from '../lib/print.ts';

/** Asks the user at the terminal. */
export interface Ask {
  /** Whether stdin and stderr are a terminal. */
  readonly possible: boolean;
  /**
   * @returns the trimmed answer
   * @throws {CommandError} interrupted, if the user ends the input
   */
  line(question: string): Promise<string>;
  /** @returns false without a terminal */
  yes(question: string): Promise<boolean>;
}

/** Asks on stderr, so that stdout holds only the command's answer. */
export function createAsk({ stdin, stderr, signal }: Context): Ask {
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
    possible,
    line,
    yes: async (question) => possible && /^y(es)?$/i.test(await line(`${question} [y/N] `)),
  };
}
