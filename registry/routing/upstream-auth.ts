import type { AccountProvider } from '../../common/upstream-secrets/account-entry.ts';
import { longestAddress } from '../../common/upstream-secrets/server-address.ts';
import type { UpstreamSecrets } from '../../common/upstream-secrets/watch.ts';
import { accountOf, addressOf, type ServerEntry, secretOf } from '../servers/server.ts';

export type UpstreamAuth = ReturnType<typeof createUpstreamAuth>;

/** Makes the gateway's credentials for upstreams over the secrets file. */
export function createUpstreamAuth(secrets: Pick<UpstreamSecrets, 'find' | 'account' | 'accounts'>) {
  // Where several sites share an address, the Host header decides which of them is reached, and gets the secret.
  const find = ({ name, upstream, auth, host_header }: ServerEntry, secret = secretOf({ auth })) =>
    secret !== undefined && !host_header ? secrets.find(secret, { server: name, origin: upstream }) : undefined;
  const provider = (server: ServerEntry, account = accountOf(server)): AccountProvider | undefined =>
    account !== undefined && !server.host_header && addressOf(server).length <= longestAddress
      ? secrets.account(account, { server: server.name, address: addressOf(server) })
      : undefined;
  return {
    /**
     * Returns why a server may not use the credential that it names, as a message for its editor; undefined if it may. A secret
     * may only go to the origins in its own entry, and people's tokens to the addresses in theirs. Otherwise a user who may
     * register servers could send them to their own.
     */
    problem(server: ServerEntry): CredentialProblem | undefined {
      const [account, secret] = [accountOf(server), secretOf(server)];
      if (account !== undefined && !provider(server))
        return { field: 'account', reason: whyNoAccount(server, account) };
      if (secret === undefined || find(server)) return undefined;
      const field = account === undefined ? 'secret' : 'checks';
      if (server.host_header)
        return { field, reason: 'A server with a Host header of its own (host_header) cannot have a secret.' };
      // The same message for an unknown secret and for one of another origin, so that names of secrets do not leak.
      const reason = `There is no secret called "${secret}" for it. The operator of the gateway can add one, or this origin to its "for", in UPSTREAM_SECRETS_FILE.`;
      return { field, reason };
    },
    /**
     * The operator's credential for the registry's own requests to the server, as headers; undefined if it is not available.
     * Never a person's.
     */
    headersFor(server: ServerEntry): Readonly<Record<string, string>> | undefined {
      if (secretOf(server) === undefined) return {};
      const credentials = find(server);
      return credentials && Object.fromEntries(credentials.map(({ header, value }) => [header, value]));
    },
    /** The names of the headers in which its callers' requests carry its secret; none if that is not available. */
    headersOf: (server: ServerEntry): readonly string[] =>
      accountOf(server) === undefined ? (find(server)?.map(({ header }) => header) ?? []) : [],
    /** What people call the provider of their accounts at this server; undefined if the server may not have them. */
    titleOf: (server: ServerEntry): string | undefined => provider(server)?.title,
    /** The names of the entries with accounts that cover this server. */
    accountsFor: (server: ServerEntry): string[] =>
      [...secrets.accounts().keys()].filter((name) => provider(server, name) !== undefined),
  };
}

/** Why a server may not use its credential, and which setting says so. */
export interface CredentialProblem {
  field: 'secret' | 'account' | 'checks';
  reason: string;
}

function whyNoAccount(server: ServerEntry, account: string): string {
  if (server.host_header)
    return "A server with a Host header of its own (host_header) cannot have people's own accounts.";
  if (addressOf(server).length > longestAddress)
    return `The address of a server with people's own accounts must have at most ${longestAddress} characters.`;
  // The same message for an unknown entry and for one of another address, so that names of entries do not leak.
  return `There are no accounts called "${account}" for it. The operator of the gateway can add an entry, or this address to its "for", in UPSTREAM_SECRETS_FILE.`;
}
