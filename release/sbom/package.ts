import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { shellIn } from '../shell.ts';
import type { Bom } from './bom.ts';
import { lockWithoutDev } from './lock.ts';

/**
 * The bill of materials of the npm package: the packages of its lock file, as npm knows them.
 * @param source the folder of the release's files; a folder `sbom` is made in it
 * @param time of the release, as in ISO 8601
 */
export function packageBom(source: string, env: NodeJS.ProcessEnv, name: string, time: string): Bom {
  // With --omit dev, npm would also leave out each package that a development tool uses too: https://github.com/npm/cli/issues/7909
  const folder = join(source, 'sbom');
  const read = (file: string) => readFileSync(join(source, file), 'utf8');
  const { devDependencies: _, ...manifest } = JSON.parse(read('package.json'));
  mkdirSync(folder);
  writeFileSync(join(folder, 'package.json'), JSON.stringify(manifest));
  writeFileSync(join(folder, 'package-lock.json'), lockWithoutDev(read('package-lock.json')));

  const words = ['--sbom-format', 'cyclonedx', '--sbom-type', 'application', '--package-lock-only'];
  const bom = JSON.parse(shellIn(folder, env)('npm', 'sbom', ...words)) as Bom;
  const { metadata } = bom;
  // npm takes the name of the folder.
  return { ...bom, metadata: { ...metadata, timestamp: time, component: { ...metadata.component, name } } };
}
