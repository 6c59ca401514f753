import type { Packages } from '../install.ts';
import type { Home } from './here.ts';

/** A client that has logged in. Each function rejects with what the client says. */
export interface LoggedIn {
  /** Whether it reaches the server: the names of its tools, if the client shows them. */
  tools(): Promise<string[] | undefined>;
  /** Undefined for a client that only calls tools for a model. */
  call?: ((name: string, args: object) => Promise<string>) | undefined;
  stop(): void;
}

export const registration = 'registration';
/** Clients with a document of their own register where the gateway does not offer to read it. */
export const document = 'its document, or registration';

export interface LoginSetUp {
  title: string;
  version: string;
  packages: Packages;
  /** How the gateway gets to know it. */
  registers: typeof registration | typeof document;
  /** Logs in from nothing. @param programs the folder of the installed programs */
  open(programs: string, url: string, home: Home): Promise<LoggedIn>;
  /** Set if it lists the tools before each call, and calls no other. */
  onlyListed?: true;
}
