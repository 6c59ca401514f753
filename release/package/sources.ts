import { readdirSync } from 'node:fs';
import { extname, join } from 'node:path';

/** The folders of the product, and the files beside them. */
const tops = [
  ...['agents', 'attack', 'auth-server', 'bin', 'common', 'launch', 'nginx', 'operations', 'policy', 'registry'],
  ...['relay', 'servers', 'stand-in', '.env.example', 'scopes.yml'],
];

/** What a reader of a folder may have put there is left out: settings, databases, logs. Only these kinds of files ship, and those named. */
const kinds = new Set(['.ts', '.js', '.css', '.eta', '.svg', '.yml', '.conf', '.template', '.example']);
const named = new Set(['launch/setup', 'nginx/reload', 'nginx/render', 'nginx/version']);

/** They need a checkout, or an image. `bin/mcp-gateway.js` is beside the folder of the others. */
const left = new Set([
  'bin/mcp-gateway.js',
  'launch/join-packages.ts',
  'launch/joined-packages.ts',
  'operations/config/document.ts',
  'operations/config/main.ts',
]);

/** The files of a checkout that the package is made of, relative to it, sorted. */
export function sources(checkout: string): string[] {
  const all = tops.flatMap((top) => (extname(top) ? [top] : filesIn(checkout, top)));
  return all.filter((file) => named.has(file) || (kinds.has(extname(file)) && !left.has(file))).sort();
}

function filesIn(checkout: string, folder: string): string[] {
  return readdirSync(join(checkout, folder), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(checkout.length + 1));
}
