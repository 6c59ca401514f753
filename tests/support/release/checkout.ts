import { execFileSync } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { releaseOf } from '../../../release/release.ts';
import { copyFiles, isProduct } from '../copy-files.ts';
import { type Ended, runCommand } from '../operations/run-command.ts';

/** A copy of this checkout with one commit, of which a test may make releases. */
export interface Checkout {
  folder: string;
  git(...words: string[]): string;
  /** Replaces text in a file. */
  change(file: string, from: string, to: string): void;
  /** Takes back all changes, and all tags. */
  restore(): void;
  /** Runs `npm run release -- …` with a stand-in for Docker. */
  release(words: readonly string[], env?: NodeJS.ProcessEnv): Promise<Ended>;
  /** What Docker was asked in the last release. */
  dockerCalls(): string[];
  remove(): void;
}

/** Copies what git tracks here, or would add. */
export function copyCheckout(): Checkout {
  const home = mkdtempSync(join(tmpdir(), 'release-'));
  const [folder, bin, calls] = [join(home, 'checkout'), join(home, 'bin'), join(home, 'calls')];
  copyFiles(folder, isProduct);
  cpSync(join(import.meta.dirname, 'docker'), join(bin, 'docker'));
  const env = {
    ...process.env,
    PATH: `${bin}:${process.env.PATH}`,
    DOCKER_CALLS: calls,
    GIT_CONFIG_GLOBAL: '/dev/null',
    GIT_CONFIG_SYSTEM: '/dev/null',
    ...Object.fromEntries(['AUTHOR', 'COMMITTER'].flatMap((who) => identity(who))),
  };
  const git = (...words: string[]) => execFileSync('git', words, { cwd: folder, env, encoding: 'utf8', stdio: 'pipe' });
  git('init', '--quiet', '--initial-branch', 'main');
  git('add', '--all');
  git('commit', '--quiet', '--message', 'All files');
  const first = git('rev-parse', 'HEAD').trim();
  return {
    folder,
    git,
    change(file, from, to) {
      const before = readFileSync(join(folder, file), 'utf8');
      if (!before.includes(from)) throw new Error(`${file} does not have ${from}`);
      writeFileSync(join(folder, file), before.replaceAll(from, to));
    },
    restore() {
      git('reset', '--quiet', '--hard', first);
      git('clean', '--quiet', '--force', '-d');
      for (const tag of git('tag').split('\n').filter(Boolean)) git('tag', '--delete', tag);
    },
    release(words, more = {}) {
      rmSync(calls, { force: true });
      return runCommand(releaseOf(folder), words, { env: { ...env, ...more } });
    },
    dockerCalls: () => readFileSync(calls, 'utf8').trim().split('\n'),
    remove: () => rmSync(home, { recursive: true, force: true }),
  };
}

function identity(who: string): [string, string][] {
  const values = { NAME: 'Ada', EMAIL: 'ada@example.com', DATE: '2026-11-30T08:00:00Z' };
  return Object.entries(values).map(([name, value]) => [`GIT_${who}_${name}`, value]);
}
