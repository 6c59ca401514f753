import { type FileHandle, mkdir, open, readFile, rename } from 'node:fs/promises';
import { hostname } from 'node:os';
import { dirname } from 'node:path';

/**
 * Replaces a text file atomically and durably: readers see the old text or the new one. Makes its folder if necessary.
 * @param folderMode permissions of a new folder
 * @returns whether the text changed
 * @throws if the file cannot be written
 */
export async function replaceFile(path: string, text: string, folderMode = 0o777): Promise<boolean> {
  if ((await readFile(path, 'utf8').catch(() => undefined)) === text) return false;
  const folder = dirname(path);
  await mkdir(folder, { recursive: true, mode: folderMode });
  // Several processes, also on other machines, may write the same file, so each needs its own draft.
  const draft = `${path}.${hostname()}-${process.pid}`;
  await synced(draft, 'w', (file) => file.writeFile(text));
  await rename(draft, path);
  // Otherwise a power cut may undo the rename.
  await synced(folder, 'r', async () => undefined);
  return true;
}

async function synced(path: string, flags: 'r' | 'w', work: (file: FileHandle) => Promise<void>): Promise<void> {
  const file = await open(path, flags, 0o644);
  try {
    await work(file);
    await file.sync();
  } finally {
    await file.close();
  }
}
