import type { AccountOwner } from './account-key.ts';

/** A server behind the gateway that wants each person's own account, as its route describes it. */
export interface AccountServer {
  server: string;
  /** Name of the entry in UPSTREAM_SECRETS_FILE. */
  account: string;
  /** The server's whole address, as common/upstream-secrets/server-address.ts writes it. */
  address: string;
}

/**
 * A person's token and its version, which grows with each renewal, or why there is none:
 * - `not_connected`: they have not connected an account, or have disconnected it;
 * - `ended`: the provider no longer accepts it, or no key opens it;
 * - `moved`: it was given for another address of the server, or under another provider or client;
 * - `more_scopes`: the server wants rights that the person has not given;
 * - `refuses`: the server refuses the account although the provider has just renewed it.
 */
export type Found = { token: string; version: number } | { none: NoToken };
export type NoToken = 'not_connected' | 'ended' | 'moved' | 'more_scopes' | 'refuses';

/** What a server said about a token: HTTP 401, or 403 with `insufficient_scope` and the scopes that it asks for. */
export type Refusal = {
  /** The version of the refused token: one that was renewed meanwhile stays. The relay's ticket carries it. */
  version: number;
} & ({ why: 'unauthorized' } | { why: 'insufficient_scope'; scopes: readonly string[] });

/** For the gate: the tokens that the gateway shows servers. */
export interface Accounts {
  /**
   * The person's token for a server. From memory where it is there; waits for the provider only if the token has ended.
   * @param subject of a person for whom `canHaveAccounts` holds
   * @throws {AuthError} account_unavailable if the provider or the database does not answer, or the entry is not for this server
   */
  find(subject: string, at: AccountServer): Promise<Found>;
  /**
   * Takes note that a server has refused the person's token: renews it once in ten minutes, and otherwise stops using it.
   */
  refused(subject: string, at: AccountServer, refusal: Refusal): Promise<void>;
}

/** What people are told before they connect. */
interface ProviderView {
  /** Such as `GitHub`. */
  title: string;
  /** Host of the page where they agree. For the page only: clients get the gateway's own address. */
  host: string;
  /** What the gateway asks for; empty for what the provider gives by itself. */
  scopes: readonly string[];
  /** Where they can take the right away at the provider. */
  settingsPage: string | undefined;
}

/** One attempt to connect. Keep it on the server, bound to the session of the person who began, and use it once. */
export interface ConnectAttempt {
  state: string;
  verifier: string;
  /** The entry and client with which the attempt began. */
  identity: string;
  clientId: string;
}

/** Why an account cannot be connected: a closed set. */
export type ConnectFailureCode =
  /** The person, or the provider's rules, said no. */
  | 'declined'
  /** The provider does not answer, or answers with a fault of its own. */
  | 'provider_unavailable'
  /** The provider's documents and answers cannot be used as they are: the operator has to look. */
  | 'provider_unusable'
  /** The answer does not belong to this attempt. */
  | 'answer_invalid'
  /** The entry has changed since the attempt began. */
  | 'entry_changed';

/** An account cannot be connected. The message is for the operator's log and holds nothing secret. */
export class ConnectFailure extends Error {
  override readonly name = 'ConnectFailure';
  readonly code: ConnectFailureCode;
  constructor(code: ConnectFailureCode, message: string, cause?: unknown) {
    super(message, { cause });
    this.code = code;
  }
}

/** An account that a person has connected. Never holds a token. */
export interface ConnectedAccount {
  server: string;
  /** Name of the entry. */
  account: string;
  /** The provider's title; the entry's name if the entry went away. */
  provider: string;
  /** The account's name at the provider, if the provider told it. */
  name: string | undefined;
  since: number;
  lastUsed: number;
  state: 'ok' | 'ended' | 'more_scopes' | 'refuses' | 'moved';
  /** The server's address for which it was connected. Pages compare it with the server's own. */
  address: string;
  settingsPage: string | undefined;
  /** Whether the provider is known to take a revocation: if not, people are sent to its settings page. */
  revokes: boolean;
}

/** For pages and doors: connecting, listing and disconnecting. */
export interface Connections {
  /** @throws {ConnectFailure} provider_unusable if the entry is not for this server */
  describe(at: AccountServer): Promise<ProviderView>;
  /**
   * Begins to connect.
   * @returns the address to send the browser to, and what {@link finish} needs when it comes back
   * @throws {ConnectFailure}
   */
  begin(at: AccountServer): Promise<{ url: URL; attempt: ConnectAttempt }>;
  /**
   * Exchanges the code and keeps the tokens of the person, instead of those that they had.
   * @param returned the callback's whole address, as the browser asked for it
   * @returns the account's name at the provider
   * @throws {ConnectFailure}
   */
  finish(
    subject: string,
    at: AccountServer,
    attempt: ConnectAttempt,
    returned: URL,
  ): Promise<{ name: string | undefined }>;
  /** A person's accounts, newest first. */
  list(subject: string): Promise<ConnectedAccount[]>;
  /**
   * Stops the use of accounts at once, and revokes them at their providers, for a day if that is needed.
   * @param which one account, or all of the person's
   * @returns what was disconnected
   */
  disconnect(subject: string, which: Pick<AccountOwner, 'server' | 'account'> | 'all'): Promise<ConnectedAccount[]>;
  /** The gateway's own client metadata document, for `/oauth2/accounts/client.json`. */
  clientDocument(): object;
}
