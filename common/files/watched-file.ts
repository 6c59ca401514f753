import { readFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { interval } from '../time/interval.ts';

/** What reading found: a value, or why there is none. */
export type Found<T> = { value: T } | { error: unknown };

/** How often files are read, in milliseconds. */
export const usualInterval = 500;

/**
 * Reads something in the background and reports each change of it.
 * It polls and compares contents instead of using inotify: an editor or a ConfigMap puts another inode in the place of a
 * file, which an inotify watch would lose.
 * @param first what the caller has read already
 * @param keyOf equal for equal values
 * @returns stops it
 */
export function watchContent<T>(
  first: Found<T>,
  read: () => Promise<T>,
  keyOf: (value: T) => string,
  changed: (found: Found<T>) => void,
  intervalMilliseconds: number,
): () => void {
  const keyOfFound = (found: Found<T>) =>
    'error' in found ? `error ${reasonOf(found.error)}` : `value ${keyOf(found.value)}`;
  let seen = keyOfFound(first);
  let stopped = false;
  const look = async () => {
    const found = await read().then(
      (value) => ({ value }),
      (error: unknown) => ({ error }),
    );
    const key = keyOfFound(found);
    if (stopped || key === seen) return;
    seen = key;
    changed(found);
  };
  const timer = interval(intervalMilliseconds, look, () => undefined);
  return () => {
    stopped = true;
    clearInterval(timer);
  };
}

/** A text file that is being watched. */
export type WatchedFile = ReturnType<typeof watchFile>;

/**
 * Reads a text file at once, and reports each change of it within `intervalMilliseconds`.
 * @returns `first` is the file as it was at the start
 */
export function watchFile(path: string, changed: (found: Found<string>) => void, intervalMilliseconds = usualInterval) {
  const first = readNow(path);
  const read = () => readFile(path, 'utf8');
  return { first, stop: watchContent(first, read, String, changed, intervalMilliseconds) };
}

function readNow(path: string): Found<string> {
  try {
    return { value: readFileSync(path, 'utf8') };
  } catch (error) {
    return { error };
  }
}

/** What to report when a file cannot be read: the system's error code where there is one. */
export function reasonOf(error: unknown): string {
  return String((error as NodeJS.ErrnoException).code ?? error);
}
