import type { UpstreamSecrets } from '../../common/upstream-secrets/watch.ts';
import { accountOf, type ServerEntry, secretOf } from '../servers/server.ts';

export type UpstreamAuth = ReturnType<typeof createUpstreamAuth>;

/** Makes the gateway's credentials for upstreams over the secrets file. */
export function createUpstreamAuth(secrets: Pick<UpstreamSecrets, 'find'>) {
  // Where several sites share an address, the Host header decides which of them is reached, and gets the secret.
  const find = ({ name, upstream, auth, host_header }: ServerEntry, secret = secretOf({ auth })) =>
    secret !== undefined && !host_header ? secrets.find(secret, { server: name, origin: upstream }) : undefined;
  return {
    /**
     * Returns why a server may not use the secret that it names, as a message for its editor; undefined if it may. A secret
     * may only go to the origins in its own entry. Otherwise a user who may register servers could send it to their own.
     */
    problem(server: ServerEntry): string | undefined {
      if (!server.auth || find(server)) return undefined;
      if (server.host_header) return 'A server with a Host header of its own (host_header) cannot have a secret.';
      // The same message for an unknown secret and for one of another origin, so that names of secrets do not leak.
      return `There is no secret called "${secretOf(server)}" for it. The operator of the gateway can add one, or this origin to its "for", in UPSTREAM_SECRETS_FILE.`;
    },
    /** The credential headers for requests to the server; undefined if its secret is not available. */
    headersFor(server: ServerEntry): Readonly<Record<string, string>> | undefined {
      if (!server.auth) return {};
      const credentials = find(server);
      return credentials && Object.fromEntries(credentials.map(({ header, value }) => [header, value]));
    },
    /** The names of the headers in which its callers' requests carry its secret; none if that is not available. */
    headersOf: (server: ServerEntry): readonly string[] =>
      accountOf(server) === undefined ? (find(server)?.map(({ header }) => header) ?? []) : [],
  };
}
