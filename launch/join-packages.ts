// Joins the hundreds of files of some packages into a few, in node_modules: services start sooner and take less memory
// (docs/adr/0035). Without it all runs as well. launch/setup and the Dockerfile run it.
import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import { createRequire, findPackageJSON } from 'node:module';
import { dirname } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { build } from 'esbuild';
import { isJoined, joined, mark } from './joined-packages.ts';

for (const imported of Object.values(joined)) {
  const entries = imported.map((each) => fileURLToPath(import.meta.resolve(each)));
  if (!entries.every(isJoined)) await joinFiles(entries);
}

async function joinFiles(entryPoints: string[]): Promise<void> {
  const [first = ''] = entryPoints;
  // Of the package, or of the folder in it that has the modules.
  const described = String(findPackageJSON(pathToFileURL(first)));
  const folder = dirname(described);
  const isModule = JSON.parse(readFileSync(described, 'utf8')).type === 'module';
  const { outputFiles } = await build({
    entryPoints,
    bundle: true,
    platform: 'node',
    target: 'node26',
    format: isModule ? 'esm' : 'cjs',
    splitting: isModule,
    outdir: folder,
    outbase: folder,
    chunkNames: 'joined-[hash]',
    banner: { js: mark },
    footer: { js: isModule ? '' : namesFor(first) },
    write: false,
  });
  // What several entries share comes first: a process that starts meanwhile finds it.
  const isEntry = ({ path }: { path: string }) => Number(entryPoints.includes(path));
  for (const { path, contents } of outputFiles.sort((a, b) => isEntry(a) - isEntry(b))) {
    writeFileSync(`${path}.new`, contents);
    renameSync(`${path}.new`, path);
  }
}

/** For imports by name: Node finds the names of what a CommonJS file exports by its text, which does not run. */
function namesFor(file: string): string {
  const names = Object.keys(createRequire(import.meta.url)(file));
  return names.map((name) => `0 && (exports.${name} = 0);`).join('\n');
}
