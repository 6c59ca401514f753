import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import type { Readable, Writable } from 'node:stream';
import type { Scene } from '../part.ts';

/** A program beside the bench that ends with it. */
export interface Child {
  pid: number;
  /** Writes a line to it. */
  say(line: string): void;
  /** The next line that it prints. @throws if it ends before */
  line(): Promise<string>;
  end(): void;
}

/**
 * Starts a program of this folder.
 * @param scene ends it
 */
export function startChild(scene: Pick<Scene, 'ends'>, file: string, args: readonly string[] = [], env = {}): Child {
  const child: ChildProcessByStdio<Writable, Readable, null> = spawn(
    process.execPath,
    [`${import.meta.dirname}/${file}`, ...args],
    { env: { ...process.env, ...env }, stdio: ['pipe', 'pipe', 'inherit'] },
  );
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const end = () => void child.kill('SIGTERM');
  child.stdin.on('error', () => undefined);
  scene.ends(end);
  return {
    pid: child.pid ?? 0,
    say: (line) => void child.stdin.write(`${line}\n`),
    async line() {
      const { value, done } = await lines.next();
      if (done) throw new Error(`${file} has ended`);
      return value;
    },
    end,
  };
}
