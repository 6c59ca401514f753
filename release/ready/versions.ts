import { readFileSync } from 'node:fs';
import { join } from 'node:path';

/** Where the version stands beside package.json. Every match of a pattern must be it. */
const places: readonly (readonly [file: string, pattern: RegExp])[] = [
  ['package-lock.json', /^ {2}"version": "(.*)"/gm],
  ['package-lock.json', /^ {4}"": \{\n {6}"name": .*\n {6}"version": "(.*)"/gm],
  ['CHANGELOG.md', /^## (\S+)/m],
  ['Dockerfile', /^ARG VERSION=(.*)$/gm],
  ['nginx/Dockerfile', /^ARG VERSION=(.*)$/gm],
  ['nginx/version', /^(.+)$/gm],
  ['deploy/helm/Chart.yaml', /^version: (.*)$/gm],
  ['deploy/helm/Chart.yaml', /^appVersion: (.*)$/gm],
  ['deploy/kubernetes/production/kustomization.yaml', /newTag: ([^\s}]+)/g],
  ['docs/kubernetes.md', /\/mcp-gateway-(?:registry|nginx):([^\s`]+)/g],
  ['README.md', /mcp-gateway-registry-(\d[^\s`]*)\.tgz/g],
];

/** Says of each file of a checkout that it has another version than `version`, or none. */
export function versionFaults(checkout: string, version: string): string[] {
  const faults = places.flatMap(([file, pattern]) => {
    const text = readFileSync(join(checkout, file), 'utf8');
    const found = pattern.global ? [...text.matchAll(pattern)] : [pattern.exec(text)];
    const others = found.flatMap((match) => (match?.[1] === version ? [] : [match?.[1] ?? 'no version']));
    if (found.length === 0) others.push('no version');
    return others.map((other) => `${file} has ${other}, package.json has ${version}: give both the same.`);
  });
  return [...new Set(faults)];
}
