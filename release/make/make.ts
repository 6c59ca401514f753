import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { notesOf } from '../ready/changelog.ts';
import type { Ready } from '../ready/ready.ts';
import { textOf } from '../sbom/bom.ts';
import { imageBom } from '../sbom/image.ts';
import { packageBom } from '../sbom/package.ts';
import { shellIn } from '../shell.ts';
import { copyTemplate, packChart, packPackage } from './archives.ts';
import { buildImage, images, saveImage } from './images.ts';
import { type Made, writeSums } from './sums.ts';

/** Where a release is made, and with what. */
export interface Place {
  checkout: string;
  /** The files of the commit. */
  source: string;
  /** An empty folder. */
  out: string;
  env: NodeJS.ProcessEnv;
  /** Says what is made now. */
  say: (what: string) => void;
}

const name = 'mcp-gateway-registry';

/** Makes all files of a release. @param address of the source, on the web */
export async function make(ready: Ready, address: string | undefined, place: Place): Promise<Made[]> {
  const { version, tag, commit, section, platform } = ready;
  const { checkout, source, out, env, say } = place;
  const shell = shellIn(source, env);
  const write = (file: string, text: string) => writeFileSync(join(out, file), text);

  say('Packing the npm package, the Helm chart and the template of the user pool ...');
  packPackage(shell, out);
  packChart(shellIn(join(checkout, 'deploy', 'helm'), env), { name, version, commit: commit.id }, out);
  copyTemplate(source, out);
  const ofPackage = packageBom(source, env, name, commit.time);
  write(`${name}-${version}.cdx.json`, textOf(ofPackage));

  for (const image of images) {
    const { build, hasNode } = image;
    const imageTag = `${image.name}:${version}`;
    const file = `${image.name}-image-${version}`;
    say(`Building and saving the image ${imageTag} ...`);
    buildImage(shell, imageTag, build, { version, revision: commit.id, source: address });
    write(`${file}.cdx.json`, textOf(imageBom(shell, { tag: imageTag, hasNode }, ofPackage)));
    await saveImage(env, imageTag, join(out, `${file}-${platform}.tar.gz`));
  }
  write('release-notes.md', notesOf(section, tag, address));
  return await writeSums(out);
}
