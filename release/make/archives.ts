import { copyFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Shell } from '../shell.ts';

/** Packs the npm package into `out`. @param shell that runs in the source */
export function packPackage(shell: Shell, out: string): void {
  // A user's own configuration of npm may forbid scripts, and then the package would be empty.
  shell('npm', 'pack', '--silent', '--ignore-scripts=false', '--pack-destination', out);
}

/**
 * Packs the Helm chart into `out`, without the files that `.helmignore` names. `helm package` would give it the name of the
 * npm package and the time of day.
 * @param shell that runs in `deploy/helm` of the checkout
 */
export function packChart(shell: Shell, { name, version, commit }: Named, out: string): void {
  const words = ['--format=tar.gz', `--prefix=${name}/`, '--output', join(out, `${name}-chart-${version}.tgz`)];
  shell('git', '-c', 'tar.umask=0022', 'archive', ...words, commit, '--', '.', ':(exclude)examples');
}

interface Named {
  name: string;
  version: string;
  commit: string;
}

/** Copies the CloudFormation template of the user pool. */
export function copyTemplate(source: string, out: string): void {
  copyFileSync(join(source, 'deploy', 'cloudformation', 'cognito.yml'), join(out, 'cognito.yml'));
}
