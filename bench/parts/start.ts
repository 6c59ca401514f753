import { cpSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ask } from '../call.ts';
import { callerOf, question } from '../callers.ts';
import { callOf, shortTool } from '../calls/server.ts';
import { startAuthServer } from '../gates.ts';
import type { BenchStack } from '../stack.ts';
import { type Figure, figure } from './figure.ts';

const dropCaches = '/proc/sys/vm/drop_caches';

/** From starting the auth-server's process to its first answer: as on most starts, and with none of its files in memory. */
export async function measureStart(stack: BenchStack, isQuick: boolean): Promise<Figure[]> {
  const headers = { ...(await callerOf(stack, 'agent', 'all', 'bench')), ...question };
  const once = async (node?: string) => {
    const began = performance.now();
    const { port, child } = await startAuthServer(stack, {}, node);
    const { status } = await ask({ url: `http://127.0.0.1:${port}/validate`, headers, body: callOf(shortTool, 0) });
    if (status !== 200) throw new Error(`the first answer had the status ${status}`);
    const took = performance.now() - began;
    child.kill('SIGTERM');
    return took / 1000;
  };
  // The first start fills the compile cache.
  await once();
  const warm: number[] = [];
  for (let i = 0; i < (isQuick ? 3 : 5); i++) warm.push(await once());
  const figures = [figure('start to the first answer', 's', warm, 2)];
  if (!isQuick) figures.push(...(await coldly(stack.dataDir, once)));
  return figures;
}

/** The program runs from a copy, because the kernel keeps the pages of one that is running. */
async function coldly(folder: string, once: (node: string) => Promise<number>): Promise<Figure[]> {
  const node = join(folder, 'node');
  cpSync(process.execPath, node);
  const cold: number[] = [];
  for (let i = 0; i < 3; i++) {
    try {
      writeFileSync(dropCaches, '3');
    } catch {
      process.stderr.write(`The start with a cold page cache is left out: only root may write to ${dropCaches}.\n`);
      return [];
    }
    cold.push(await once(node));
  }
  return [figure('the same with a cold page cache', 's', cold, 2)];
}
