import type { Readable, Writable } from 'node:stream';

/** A stream that may be a terminal. */
export type Terminal<T> = T & { isTTY?: boolean; columns?: number };

/** Everything that a command takes from its process; `main.ts` makes the real one. */
export interface Context {
  env: NodeJS.ProcessEnv;
  /** The folder with `.env.user` and `.env.agent`: `agents/`. */
  folder: string;
  /** The person's home; what is kept stands in its `.mcp`. */
  home: string;
  stdin: Terminal<Readable>;
  stdout: Terminal<Writable>;
  stderr: Terminal<Writable>;
  /** Aborted by Ctrl-C. */
  signal: AbortSignal;
}
