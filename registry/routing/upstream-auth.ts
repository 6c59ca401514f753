import type { UpstreamSecrets } from '../../common/upstream-secrets/watch.ts';
import type { ServerEntry } from '../servers/server.ts';

/** What servers want from the gateway, as far as the registry has to do with it. */
export interface UpstreamAuth {
  /**
   * Says why a server may not have the secret that it names, in words for who registers it; nothing when it may. A secret
   * goes to the origins that its own entry lists: else whoever may register a server could send it to one of theirs.
   */
  problem(server: ServerEntry): string | undefined;
  /** The headers with which the server is asked; undefined when it wants a secret that cannot be had. */
  headersFor(server: ServerEntry): Readonly<Record<string, string>> | undefined;
}

/** Looks into the secrets for servers. */
export function createUpstreamAuth(secrets: Pick<UpstreamSecrets, 'find'>): UpstreamAuth {
  const find = ({ name, upstream, auth }: ServerEntry) =>
    auth ? secrets.find(auth.secret, { server: name, origin: upstream }) : undefined;
  return {
    problem(server) {
      if (!server.auth || find(server)) return undefined;
      // The same words whether there is no such secret or it is for another place: names of secrets are not told.
      return `There is no secret called "${server.auth.secret}" for it. Whoever runs the gateway can add one, or this origin to its "for", in UPSTREAM_SECRETS_FILE.`;
    },
    headersFor(server) {
      if (!server.auth) return {};
      const credential = find(server);
      return credential && { [credential.header]: credential.value };
    },
  };
}
