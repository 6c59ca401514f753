import { chmodSync, mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { commands } from '../../bin/commands.ts';
import { javascriptOf, withoutNpm } from './javascript.ts';
import { sources } from './sources.ts';

/**
 * Makes what `npm pack` packs beside the pages: the product in `dist`, as JavaScript. npm runs it before `npm pack`, and with `clean` after that, so that a checkout never runs an old copy.
 */
const checkout = join(import.meta.dirname, '..', '..');
const dist = join(checkout, 'dist');

rmSync(dist, { recursive: true, force: true });
if (process.argv[2] !== 'clean') build();

function build(): void {
  const { version, scripts } = JSON.parse(readFileSync(join(checkout, 'package.json'), 'utf8')) as Manifest;
  const ofAgents = Object.keys(scripts).filter((name) => scripts[name]?.startsWith('node agents/main.ts '));
  const names = [...Object.keys(commands), ...ofAgents];
  for (const file of sources(checkout)) write(file, names);
  // Without a name: tools that look for packages would take it for a second one of this name.
  writeFileSync(join(dist, 'package.json'), `${JSON.stringify({ version, type: 'module' })}\n`);
}

interface Manifest {
  version: string;
  scripts: Readonly<Record<string, string>>;
}

function write(file: string, names: readonly string[]): void {
  const from = join(checkout, file);
  const text = withoutNpm(readFileSync(from, 'utf8'), names);
  const to = join(dist, file.replace(/\.ts$/, '.js'));
  mkdirSync(dirname(to), { recursive: true });
  writeFileSync(to, file.endsWith('.ts') ? javascriptOf(text) : text);
  chmodSync(to, statSync(from).mode);
}
