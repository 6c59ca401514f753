import * as z from 'zod';

/** How many accounts of a person are listed: the newest. A person has one at each server that wants one. */
export const mostAccounts = 500;

const seconds = z.int().min(0);
const name = z.string().min(1).max(100);

/** A person's account at a server behind the gateway, as pages show it: no token, and nothing of which one could be made. */
const connectedAccount = z.strictObject({
  server: z.string(),
  /** Name of the entry in UPSTREAM_SECRETS_FILE. */
  account: z.string(),
  /** Title of the provider. */
  provider: z.string(),
  /** The account's name there; null if the provider does not tell it. */
  name: z.string().nullable(),
  /** In seconds since 1970. */
  since: seconds,
  lastUsed: seconds,
  state: z.enum(['ok', 'ended', 'more_scopes', 'refuses', 'moved']),
  /** The server's address for which it was connected; at another one it does not count. */
  address: z.string(),
  /** Where the person can end it at the provider. */
  settingsPage: z.string().nullable(),
  /** Whether the provider takes revocations. */
  revokes: z.boolean(),
});

export type ConnectedAccount = z.output<typeof connectedAccount>;

/** The answer of the auth-server's `GET /account/connected` and `GET /people/<id>/connected`, the newest first. */
export const connectedAnswer = z.strictObject({ accounts: z.array(connectedAccount).max(mostAccounts) });

/** What `POST /account/disconnect` ends: the account at one server. Its answer is that of `POST /account/end`. */
export const accountDisconnect = z.strictObject({ server: name, account: name });

export type AccountDisconnect = z.output<typeof accountDisconnect>;
