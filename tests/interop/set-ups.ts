import type { Door } from './conversation.ts';
import type { Packages } from './install.ts';

type Language = 'TypeScript' | 'Python' | 'Go';

/** A server that is run behind the gateway. */
export interface ServerSetUp {
  /** As the table shows it, with the bridge if there is one. */
  title: string;
  version: string;
  language: Language;
  packages: Packages;
  /** A bridge that cannot be installed beside the server. */
  bridge?: Packages;
  /** Its name in the registry. */
  name: string;
  /** @param programs the folder of the installed programs @param bridge the folder of the bridge's */
  command(programs: string, port: number, bridge: string): readonly [string, ...string[]];
  env?(port: number): NodeJS.ProcessEnv;
  /** The port of a server that cannot be told one. */
  port?: number;
  /** Headers that the server wants of each caller. */
  headers?: Record<string, string>;
  /** Transport and path. */
  transport: Door['transport'];
  path: string;
  /** How it speaks: sessions or not, JSON or streams. */
  manner: string;
  call: readonly [tool: string, args: Record<string, unknown>];
  failing: readonly [tool: string, args: Record<string, unknown>];
}

/** A client that takes the steps of `clients/`. */
export interface ClientSetUp {
  title: string;
  version: string;
  language: Language;
  packages: Packages;
  transport: 'streamable-http';
  manner: string;
  /** Prints a line of JSON for each step. @param programs the folder of the installed programs */
  command(programs: string, url: string, token: string): readonly [string, ...string[]];
  /** Set if it cannot ask for prompts. */
  withoutPrompts?: true;
  /** Set if it lists the tools before each call, and calls no other. */
  onlyListed?: true;
}
