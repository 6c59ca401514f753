import type { Shell } from '../shell.ts';
import type { Bom } from './bom.ts';

/**
 * The bill of materials of the npm package: the packages of package-lock.json that it runs with, as npm knows them.
 * @param shell that runs in the source
 * @param time of the release, as in ISO 8601
 */
export function packageBom(shell: Shell, name: string, time: string): Bom {
  const words = ['--sbom-format', 'cyclonedx', '--sbom-type', 'application', '--omit', 'dev', '--package-lock-only'];
  const bom = JSON.parse(shell('npm', 'sbom', ...words)) as Bom;
  const { metadata } = bom;
  // npm takes the name of the folder.
  return { ...bom, metadata: { ...metadata, timestamp: time, component: { ...metadata.component, name } } };
}
