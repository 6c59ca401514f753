/** Where the text of a secret comes from. */
export type SecretSource = { value: string } | { env: string } | { file: string };

/** One `account` entry of UPSTREAM_SECRETS_FILE, before its secret is fetched. */
export interface AccountEntry {
  name: string;
  /** For people; the entry's name unless given. */
  title: string;
  /** Prefixes of the addresses of servers that may get people's tokens. */
  for: readonly string[];
  /** Names of the servers that may use it; undefined for all at these addresses. */
  servers: readonly string[] | undefined;
  /** The only issuer that is accepted; undefined for a static entry that names none. */
  issuer: string | undefined;
  /** Set for a static entry: no document of the provider is read. */
  endpoints: { authorization: string; token: string; revocation: string | undefined } | undefined;
  /** Undefined if the gateway registers itself at the provider. */
  client: { id: string; secret: SecretSource | undefined; authentication: 'basic' | 'post' | 'none' } | undefined;
  scopes: readonly string[];
  /** Whether RFC 8707 `resource` is sent. */
  resource: boolean;
  /** Where the account's name is asked for, and in which field it is. */
  accountName: { url: string; field: string } | undefined;
  /** Where a person can take the right away at the provider. */
  settingsPage: string | undefined;
}

/** An account provider, ready to be used. */
export interface AccountProvider extends AccountEntry {
  clientSecret: string | undefined;
  /** Digest of issuer, endpoints, client and prefixes: tokens made under another one are not used. */
  identity: string;
}
