#!/usr/bin/env node
import { homedir } from 'node:os';
import { join } from 'node:path';
import { useEnvProxy } from '../common/network/env-proxy.ts';
import { home } from '../common/settings/values.ts';
import { run } from './program.ts';

useEnvProxy(process.env);

const stop = new AbortController();
process.on('SIGINT', () => (stop.signal.aborted ? process.exit(130) : stop.abort()));
// A reader such as head has closed the pipe.
process.stdout.on('error', (error: NodeJS.ErrnoException) => process.exit(error.code === 'EPIPE' ? 0 : 1));

process.exitCode = await run(process.argv.slice(2), {
  env: process.env,
  folder: join(home, 'agents'),
  home: process.env.HOME || homedir(),
  stdin: process.stdin,
  stdout: process.stdout,
  stderr: process.stderr,
  signal: stop.signal,
});
