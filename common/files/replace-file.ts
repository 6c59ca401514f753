import { mkdir, open, readFile, rename, writeFile } from 'node:fs/promises';
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
  await writeFile(draft, text, { mode: 0o644, flush: true });
  await rename(draft, path);
  // Otherwise a power cut may undo the rename.
  const renamed = await open(folder);
  await renamed.sync().finally(() => renamed.close());
  return true;
}
