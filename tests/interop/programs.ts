import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { connect } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { environment } from './install.ts';

const startMilliseconds = 90_000;
const running = new Set<ChildProcess>();

// A bridge starts more processes: each program has a process group of its own, which ends as a whole.
process.on('exit', () => {
  for (const child of running) endGroup(child, 'SIGKILL');
});

for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => process.exit(1));

function endGroup({ pid }: ChildProcess, signal: NodeJS.Signals): void {
  try {
    if (pid !== undefined) process.kill(-pid, signal);
  } catch {
    // The group has ended by itself.
  }
}

/** A server that was started for a set-up. */
export interface Program {
  /** What it wrote, newest last. */
  lines: string[];
  stop(): Promise<void>;
}

/** Starts a server, and returns as soon as it listens. Throws with its last words if it does not. */
export async function startProgram(
  [file, ...args]: readonly [string, ...string[]],
  port: number,
  env: NodeJS.ProcessEnv = {},
): Promise<Program> {
  const lines: string[] = [];
  const child = spawn(file, args, {
    detached: true,
    env: { ...environment, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  running.add(child);
  let ended: string | undefined;
  child.once('error', (error) => {
    ended = error.message;
  });
  child.once('exit', (code, signal) => {
    ended ??= `ended with ${signal ?? code}`;
  });
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding('utf8').on('data', (text: string) => {
      lines.push(...text.trimEnd().split('\n'));
      lines.splice(0, lines.length - 30);
    });
  const stop = async () => {
    running.delete(child);
    if (ended === undefined) {
      endGroup(child, 'SIGTERM');
      const killer = setTimeout(() => endGroup(child, 'SIGKILL'), 3_000);
      await once(child, 'exit');
      clearTimeout(killer);
    }
    endGroup(child, 'SIGKILL');
  };
  for (const until = Date.now() + startMilliseconds; !(await listens(port)); await sleep(100)) {
    if (ended === undefined && Date.now() < until) continue;
    await stop();
    throw new Error(`${file} ${ended ?? 'does not listen'}: ${lines.slice(-3).join(' / ').slice(0, 300)}`);
  }
  return { lines, stop };
}

function listens(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => resolve(false));
  });
}
