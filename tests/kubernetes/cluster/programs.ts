import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { openSync, readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { nodeName, work, workFolder } from './place.ts';

/** A program of the cluster. It ends with the run, because it lives in the run's process namespace. */
export interface Program {
  readonly name: string;
  /** Whether it runs. */
  runs(): boolean;
  /** Ends it with a signal, and waits for that. */
  stop(signal: NodeJS.Signals): Promise<void>;
}

const started = new Set<Program>();

/** Starts a program in a node's network namespace, or without a number in that of the control plane. Its output goes to `log/NAME.log`. */
export function start(name: string, command: readonly [string, ...string[]], node?: number, env = {}): Program {
  const log = openSync(`${workFolder('log')}/${name}.log`, 'a');
  const [file, ...args] = [...inNode(node), ...command];
  const child: ChildProcess = spawn(file ?? '', args, {
    cwd: workFolder(),
    env: { ...process.env, ...env },
    stdio: ['ignore', log, log],
  });
  child.on('error', () => undefined);
  const runs = () => child.pid !== undefined && child.exitCode === null && child.signalCode === null;
  const program: Program = {
    name,
    runs,
    async stop(signal) {
      started.delete(program);
      if (!runs()) return;
      const end = once(child, 'exit');
      child.kill(signal);
      await end;
    },
  };
  started.add(program);
  return program;
}

/** Ends all programs at once: what they keep is deleted. */
export async function stopAll(): Promise<void> {
  await Promise.all([...started].map((each) => each.stop('SIGKILL')));
}

/** The words before a command that must run in a node's network. `ip netns exec` would hide the groups of processes. */
const inNode = (node: number | undefined) => (node ? ['nsenter', `--net=/run/netns/${nodeName(node)}`, '--'] : []);

/** Runs a command to its end, in a node's network if a number is given. Returns its standard output. */
export function run(command: readonly string[], node?: number): string {
  const [file = '', ...args] = [...inNode(node), ...command];
  return execFileSync(file, args, { encoding: 'utf8', maxBuffer: 64_000_000, stdio: ['ignore', 'pipe', 'pipe'] });
}

/**
 * Checks a condition twice a second until it is true. A check that throws counts as false.
 * @throws {Error} after the given seconds, or when a program of the cluster has ended, with the end of its log
 */
export async function until(what: string, done: () => unknown, seconds = 240): Promise<void> {
  let last: unknown;
  for (const end = performance.now() + seconds * 1000; performance.now() < end; await sleep(500)) {
    const ended = [...started].find((each) => !each.runs());
    if (ended) throw new Error(`${ended.name} has ended:\n${tail(ended.name)}`);
    try {
      if (await done()) return;
      last = undefined;
    } catch (error) {
      last = error;
    }
  }
  throw new Error(`not within ${seconds} seconds: ${what}`, { cause: last });
}

const tail = (name: string) => readFileSync(work('log', `${name}.log`), 'utf8').slice(-4000);
