import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import type { ServiceSpec } from './services.ts';

/** A service did not start, or has died. */
export class ServiceFailure extends Error {
  readonly service: string;
  constructor(service: string, message: string) {
    super(`${service} ${message}`);
    this.service = service;
  }
}

/** Called with every line that a service writes. */
export type LineSink = (service: string, line: string) => void;

const stopMilliseconds = 4_000;
const setpriv = ['/usr/bin/setpriv', '/bin/setpriv'].find((path) => existsSync(path));

/** Runs services as child processes, and ends all of them, however this process ends. */
export class Supervisor {
  readonly #sink: LineSink;
  readonly #children = new Map<string, ChildProcess>();
  readonly #lastLines = new Map<string, string[]>();
  #stopping = false;
  readonly #death = Promise.withResolvers<never>();
  /** Rejects with a {@link ServiceFailure} as soon as any service ends without being stopped. */
  readonly died = this.#death.promise;

  constructor(sink: LineSink) {
    this.#sink = sink;
    this.died.catch(() => {});
  }

  /** Starts a service. On Linux the kernel ends it with this process, even if this process is killed. */
  start({ name, command, args, env }: ServiceSpec): void {
    const [file, argv] = setpriv ? [setpriv, ['--pdeathsig', 'TERM', '--', command, ...args]] : [command, args];
    const all = { ...process.env, PATH: `${process.env.PATH}:/usr/sbin:/sbin`, ...env };
    const child = spawn(file, argv, { env: all, stdio: ['ignore', 'pipe', 'pipe'] });
    this.#children.set(name, child);
    const last: string[] = [];
    this.#lastLines.set(name, last);
    for (const stream of [child.stdout, child.stderr]) {
      createInterface({ input: stream }).on('line', (line) => {
        if (last.push(line) > 20) last.shift();
        this.#sink(name, line);
      });
    }
    child.once('error', (error) => this.#death.reject(new ServiceFailure(name, `cannot be started: ${error.message}`)));
    child.once('close', (code, signal) => {
      this.#children.delete(name);
      if (!this.#stopping)
        this.#death.reject(new ServiceFailure(name, `stopped by itself (${signal ?? `exit code ${code}`})`));
    });
  }

  /** Waits until a service answers 200 at its health URL. Fails if it dies, or after `milliseconds`. */
  async healthy({ name, healthUrl }: ServiceSpec, milliseconds = 60_000): Promise<void> {
    const until = Date.now() + milliseconds;
    let answer = 'no answer';
    const poll = async () => {
      while (Date.now() < until) {
        try {
          const response = await fetch(healthUrl, { signal: AbortSignal.timeout(2_000) });
          answer = `${response.status} ${(await response.text()).slice(0, 200)}`;
          if (response.ok) return;
        } catch (error) {
          answer = (error as { cause?: Error }).cause?.message ?? String(error);
        }
        await sleep(25);
      }
      throw new ServiceFailure(name, `is not healthy after ${milliseconds / 1000} s: ${healthUrl} gives ${answer}`);
    };
    await Promise.race([poll(), this.died]);
  }

  /** The last lines of a service, oldest first. */
  lastLines(name: string): readonly string[] {
    return this.#lastLines.get(name) ?? [];
  }

  /** The process id of a running service. */
  pid(name: string): number | undefined {
    return this.#children.get(name)?.pid;
  }

  /** The standard output of a service. If it is paused, the service's lines are not read. */
  output(name: string): Readable | undefined {
    return this.#children.get(name)?.stdout ?? undefined;
  }

  /** Lets this process end while services run: the kernel ends them then. */
  unref(): void {
    for (const child of this.#children.values())
      for (const handle of [child, child.stdout, child.stderr]) (handle as { unref?: () => void } | null)?.unref?.();
  }

  /** Stops every service and returns when all have ended. A service that does not stop in time is killed. */
  async stop(): Promise<void> {
    this.#stopping = true;
    const children = [...this.#children.values()];
    const gone = Promise.all(children.map((child) => new Promise((resolve) => child.once('close', resolve))));
    for (const child of children) child.kill('SIGTERM');
    const killer = setTimeout(() => {
      for (const child of this.#children.values()) child.kill('SIGKILL');
    }, stopMilliseconds);
    if (children.length > 0) await gone;
    clearTimeout(killer);
  }
}
