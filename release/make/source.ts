import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Shell } from '../shell.ts';

/**
 * Gives the files of a commit to `use`, in a folder of their own: what git ignores in the checkout cannot get into a release.
 * @param shell that runs in the checkout
 */
export async function withSource<Made>(
  shell: Shell,
  commit: string,
  use: (folder: string) => Promise<Made>,
): Promise<Made> {
  const folder = mkdtempSync(join(tmpdir(), 'mcp-gateway-release-'));
  try {
    const source = join(folder, 'source');
    const archive = join(folder, 'source.tar');
    mkdirSync(source);
    // Modes as git has them, for any umask: users of the images must be able to read the files.
    shell('git', '-c', 'tar.umask=0022', 'archive', '--format=tar', '--output', archive, commit);
    shell('tar', '-xf', archive, '-C', source);
    return await use(source);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
