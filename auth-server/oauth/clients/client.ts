import { hash } from 'node:crypto';
import { commandLine } from '../../../common/identity/command-line.ts';

/** An OAuth client: a program that asks for access in the name of a person. All clients are public. */
export interface Client {
  /** A signed registration, the address of a client metadata document, or the name of a client in the settings. */
  id: string;
  /** What it calls itself, cleaned. Any program may use any name. */
  name: string | undefined;
  /** Where answers may go. */
  redirectUris: readonly string[];
  /** How the gateway knows it: it has registered, its document says so, the settings name it, or it is the command line. */
  kind: 'registered' | 'document' | 'configured' | 'command line';
}

/** What a client says about itself. */
export type Registration = Pick<Client, 'name' | 'redirectUris'>;

/**
 * A client in tokens, records and logs, because a signed id is too long for them.
 * @returns the address of a metadata document and the command line's id as they are; for any other id 22 characters of its SHA-256 in base64url
 */
export function clientDigest(id: string): string {
  return id.startsWith('https:') || id === commandLine.id ? id : hash('sha256', id, 'base64url').slice(0, 22);
}

/**
 * The gateway's own command line. It gets a session instead of tokens, also where MCP clients may not log in, and its answers
 * stay on the person's computer.
 */
export const commandLineClient: Client = {
  id: commandLine.id,
  name: commandLine.id,
  redirectUris: commandLine.redirectUris,
  kind: 'command line',
};
