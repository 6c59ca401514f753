import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { ask } from '../call.ts';
import { callerOf, question } from '../callers.ts';
import { callOf, shortTool } from '../calls/server.ts';
import { startAuthServer } from '../gates.ts';
import type { BenchStack } from '../stack.ts';
import { type Figure, figure } from './figure.ts';

const megabytes = [1, 4];

/** Bodies of a call of about as many letters that are hard in different ways. */
const kinds: Record<string, (letters: number) => string> = {
  'one text': (letters) => callOf(shortTool, letters),
  'many keys': (letters) => callWith(`{${list(letters / 20, (i) => `"key-${String(i).padStart(9, '0')}":${i % 10}`)}}`),
  'many numbers': (letters) => callWith(`[${list(letters / 11, (i) => String(1_000_000_000 + i))}]`),
  'escaped letters': (letters) => callWith(`[${list(letters / 100, () => `"${'\\u00e9 1'.repeat(12)}"`)}]`),
  'one number': (letters) => callWith('1'.repeat(letters)),
  'only spaces': (letters) => callWith(`1${' '.repeat(letters)}`),
};

const list = (count: number, make: (i: number) => string) =>
  Array.from({ length: Math.floor(count) }, (_, i) => make(i)).join();
const callWith = (argument: string) => callOf(shortTool, 0).replace('"Asia/Tokyo"', argument);

/** How long the auth-server answers no other request while it reads and judges one large body: the longest pause of its event loop. */
export async function measurePauses(stack: BenchStack, isQuick: boolean): Promise<Figure[]> {
  const preload = `--import=${join(import.meta.dirname, 'count-pauses.ts')}`;
  const { child, port } = await startAuthServer(stack, { NODE_OPTIONS: preload });
  const headers = { ...(await callerOf(stack, 'agent', 'all', 'bench')), ...question };
  const pauseBy = async (body: string): Promise<number> => {
    await longestOf(child);
    const { status, text } = await ask({ url: `http://127.0.0.1:${port}/validate`, headers, body });
    if (status >= 500 || status === 429) throw new Error(`a large body was not judged: ${status} ${text}`);
    await sleep(20);
    return await longestOf(child);
  };
  const figures: Figure[] = [];
  for (const [kind, make] of Object.entries(kinds)) {
    for (const size of megabytes) {
      const body = make(size * 1_000_000);
      await pauseBy(body);
      const pauses: number[] = [];
      for (let i = 0; i < (isQuick ? 2 : 5); i++) pauses.push(await pauseBy(body));
      figures.push(figure(`longest pause by a body of ${size} MB: ${kind}`, 'ms', pauses, 1));
    }
  }
  child.kill('SIGTERM');
  return figures;
}

/** The longest pause in milliseconds since this was last asked. */
async function longestOf(child: ChildProcess): Promise<number> {
  const answer = once(child, 'message');
  child.send('read');
  return (await answer)[0];
}
