import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, renameSync, rmSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { root } from '../../common/settings/values.ts';

/** A version of the gateway, and where its programs are. */
export interface Release {
  version: string;
  /** Its folder with `stack.ts`, and the programs of two commands. */
  launch: string;
  revoke: string;
  backup: string;
}

/** Not in node_modules: Node takes no TypeScript from there. */
const cache = join(process.env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'mcp-gateway-registry', 'releases');

/** The last commit of each release. */
const commits: Readonly<Record<string, string>> = {
  '0.1.0': '37dbadc6feb73867d8963aeb9bbe30306fcbcdbb',
  '0.2.0': '3b1612144669202ea795dfab0f82571d378fd363',
};

const ofToday = { launch: 'launch', revoke: 'operations/revoke/main.ts', backup: 'operations/backup/main.ts' };

/** The releases from which people upgrade. */
export const releases: readonly Release[] = [
  { version: '0.1.0', launch: 'dev', revoke: 'auth-server/revoke/main.ts', backup: 'dev/backup/main.ts' },
  { version: '0.2.0', ...ofToday },
];

/** The version of this checkout. */
export const thisVersion: Release = { version: 'this version', ...ofToday };

/**
 * @returns the folder with the code of a release and its packages. It is made once, from the history of this repository and by npm
 * @throws with what to do, if the history lacks the release
 */
export function codeOf({ version }: Release): string {
  const commit = commits[version];
  if (commit === undefined) return root;
  const folder = join(cache, `${version}-${commit.slice(0, 8)}`);
  if (existsSync(folder)) return folder;
  const draft = `${folder}.draft`;
  rmSync(draft, { recursive: true, force: true });
  mkdirSync(draft, { recursive: true });
  execFileSync('tar', ['-x', '-C', draft], { input: archiveOf(version, commit) });
  const words = ['ci', '--omit=dev', '--no-audit', '--no-fund'];
  execFileSync('npm', words, { cwd: draft, stdio: ['ignore', 'ignore', 'inherit'] });
  renameSync(draft, folder);
  return folder;
}

function archiveOf(version: string, commit: string): Buffer {
  try {
    return execFileSync('git', ['archive', commit], {
      cwd: root,
      maxBuffer: 2 ** 28,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
  } catch (error) {
    const todo = 'fetch the whole history first: git fetch --unshallow';
    throw new Error(`The history here lacks the commit ${commit} of release ${version}: ${todo}`, { cause: error });
  }
}
