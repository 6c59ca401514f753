import type { Readable, Writable } from 'node:stream';

/** A stream that may be a terminal. */
type Terminal<T> = T & { isTTY?: boolean; columns?: number };

/** Everything that a command takes from its process; `main.ts` creates it. */
export interface Context {
  env: NodeJS.ProcessEnv;
  /** The folder with `.env.user` and `.env.agent`: `agents/`. */
  folder: string;
  /** The user's home; its folder `.mcp` keeps sessions and tokens. */
  home: string;
  stdin: Terminal<Readable>;
  stdout: Terminal<Writable>;
  stderr: Terminal<Writable>;
  /** Aborted by Ctrl-C. */
  signal: AbortSignal;
}
