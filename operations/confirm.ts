import { createInterface } from 'node:readline/promises';
import type { Context } from './command.ts';

/** Asks whether to do it. Anything but yes, also no answer, is a no. */
export async function confirmed(context: Context): Promise<boolean> {
  context.stdout.write('Do it? [y/N] ');
  const lines = createInterface({ input: context.stdin });
  for await (const line of lines) {
    lines.close();
    return /^y(es)?$/i.test(line.trim());
  }
  return false;
}
