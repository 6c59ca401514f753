import type { Component } from './bom.ts';

/** A program for the Node of an image: prints Node's version, and the npm packages below /app and /usr, those of npm itself too. */
export const listNpm = `const { globSync, readFileSync } = require('node:fs');
const packages = globSync('/{app,usr/lib,usr/local/lib}/**/node_modules/{*,@*/*}/package.json').map((file) => {
  const { name, version, license } = JSON.parse(readFileSync(file, 'utf8'));
  return { name, version, license };
});
console.log(JSON.stringify({ node: process.versions.node, packages }));`;

interface Found {
  node: string;
  packages: { name?: string; version?: string; license?: unknown }[];
}

/**
 * Node and the npm packages of an image, each once.
 * @param list what {@link listNpm} printed
 * @param known the parts of the npm package, with their digests and licenses
 */
export function npmComponents(list: string, known: readonly Component[]): Component[] {
  const { node, packages } = JSON.parse(list) as Found;
  const byRef = new Map(known.map((component) => [component['bom-ref'], component]));
  const found = new Map<string, Component>();
  for (const { name, version, license } of packages) {
    if (!name || !version) continue;
    const ref = `${name}@${version}`;
    found.set(ref, byRef.get(ref) ?? componentOf(name, version, license));
  }
  const refs = [...found.keys()].sort();
  return [nodeOf(node), ...refs.flatMap((ref) => found.get(ref) ?? [])];
}

function nodeOf(version: string): Component {
  const cpe = `cpe:2.3:a:nodejs:node.js:${version}:*:*:*:*:*:*:*`;
  const purl = `pkg:generic/node@${version}`;
  return { 'bom-ref': purl, type: 'application', name: 'node', version, cpe, purl };
}

function componentOf(name: string, version: string, license: unknown): Component {
  const purl = `pkg:npm/${encodeURIComponent(name).replace('%2F', '/')}@${encodeURIComponent(version)}`;
  const licenses = typeof license === 'string' ? [{ license: { name: license } }] : [];
  return { 'bom-ref': `${name}@${version}`, type: 'library', name, version, purl, licenses };
}
