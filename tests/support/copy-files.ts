import { execFileSync } from 'node:child_process';
import { cpSync, existsSync } from 'node:fs';
import { join } from 'node:path';

const root = join(import.meta.dirname, '../..');

/** Copies what git tracks in this checkout, or would add, into a folder. @param isWanted whether a file is copied; default: all */
export function copyFiles(folder: string, isWanted: (file: string) => boolean = () => true): void {
  const list = execFileSync('git', ['ls-files', '-co', '--exclude-standard', '-z'], { cwd: root, encoding: 'utf8' });
  for (const file of list.split('\0').filter((each) => each && isWanted(each))) {
    const from = join(root, file);
    // git still tracks a file that was deleted and not committed.
    if (existsSync(from)) cpSync(from, join(folder, file));
  }
}

/** Whether a file is of the product, and not of its tests. */
export const isProduct = (file: string): boolean => !file.startsWith('tests/');
