import { mkdirSync, rmdirSync, statSync, utimesSync } from 'node:fs';
import { dirname } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { makePrivateFolder } from '../lib/private-file.ts';

const staleMilliseconds = 15_000;
const beatMilliseconds = 3_000;
const pollMilliseconds = 25;

/**
 * Runs work while no other process on this machine holds the same lock. The lock is a folder, because mkdir is atomic. Its
 * holder touches it regularly; an untouched lock was left behind by a dead process and is taken over.
 * @param folder the lock; its parent is created if missing
 * @param signal stops the waiting
 */
export async function withLock<T>(folder: string, work: () => Promise<T>, signal?: AbortSignal): Promise<T> {
  makePrivateFolder(dirname(folder));
  while (!take(folder)) {
    signal?.throwIfAborted();
    await sleep(pollMilliseconds);
  }
  const beat = setInterval(() => touch(folder), beatMilliseconds);
  try {
    return await work();
  } finally {
    clearInterval(beat);
    release(folder);
  }
}

function take(folder: string): boolean {
  try {
    mkdirSync(folder, { mode: 0o700 });
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  }
  const held = statSync(folder, { throwIfNoEntry: false });
  if (held && Date.now() - held.mtimeMs > staleMilliseconds) release(folder);
  return false;
}

function touch(folder: string): void {
  try {
    utimesSync(folder, new Date(), new Date());
  } catch {
    // Another process took the lock over; the work then runs twice, which costs one token.
  }
}

function release(folder: string): void {
  try {
    rmdirSync(folder);
  } catch {
    // Already removed.
  }
}
