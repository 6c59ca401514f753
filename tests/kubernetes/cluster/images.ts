import { execFileSync } from 'node:child_process';
import { copyFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { production } from '../../integration/deploy/manifests.ts';
import { pauseImage } from './node.ts';
import { program, root, work, workFolder } from './place.ts';

/** The image of the cluster's DNS. */
const dnsImage = 'cluster.test/dns:1';

/** The tag of the images to which a rolling update goes. */
export const nextTag = 'next';

/** The names of the gateway's images in production/kustomization.yaml, by the names in the manifests. */
export const images = Object.fromEntries(
  production.images.map(({ name, newName, newTag }) => [name, { repository: newName, tag: newTag }]),
);

const docker = (...args: string[]) =>
  execFileSync('docker', args, { cwd: root, stdio: ['ignore', 'ignore', 'inherit'], maxBuffer: 64_000_000 });

/** Builds the images as docs/kubernetes.md does, and saves them for containerd. Two tags of one image differ by a label. */
export function saveImages(): void {
  const names: string[] = [];
  for (const [name, context] of [
    ['mcp-gateway-registry', ['--target', 'gateway', '.']],
    ['mcp-gateway-nginx', ['nginx']],
  ] as const) {
    const { repository = name, tag = '' } = images[name] ?? {};
    const [first, next] = [`${repository}:${tag}`, `${repository}:${nextTag}`];
    docker('build', '-q', '-t', first, ...context);
    const folder = workFolder('next', name);
    writeFileSync(join(folder, 'Dockerfile'), `FROM ${first}\nLABEL cluster.test/version=next\n`);
    docker('build', '-q', '-t', next, folder);
    names.push(first, next);
  }
  for (const [image, file] of [
    [pauseImage, 'pause'],
    [dnsImage, 'dns'],
  ] as const) {
    const folder = workFolder('images', file);
    copyFileSync(program(file), join(folder, file));
    writeFileSync(join(folder, 'Dockerfile'), `FROM scratch\nCOPY ${file} /${file}\nENTRYPOINT ["/${file}"]\n`);
    docker('build', '-q', '-t', image, folder);
    names.push(image);
  }
  docker('save', '-o', work('images.tar'), ...names);
}
