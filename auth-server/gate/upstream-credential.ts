import type { Credential } from '../../common/upstream-secrets/secrets-file.ts';
import type { UpstreamSecrets } from '../../common/upstream-secrets/watch.ts';
import type { RequestId } from '../../policy/request/request-id.ts';
import { AuthError } from '../denials/auth-error.ts';
import { texts } from '../denials/texts.ts';
import type { McpTarget } from '../request/original-request.ts';

/**
 * The credential that the gateway sends to the request's upstream, if its route names a secret.
 * @param id the request's JSON-RPC id
 * @throws {AuthError} upstream_secret_unavailable if there is no such secret, or it is not for this upstream. Without it
 *   the server would reject the call, and the reason would be unknown
 */
export function upstreamCredential(
  secrets: Pick<UpstreamSecrets, 'find'>,
  { server, upstream }: McpTarget,
  id: RequestId | undefined,
): readonly Credential[] | undefined {
  if (!upstream) return undefined;
  const { secret, origin } = upstream;
  const found = secrets.find(secret, { server, origin });
  if (found) return found;
  // Only in the log: callers must not learn where a server runs.
  const cause = new Error(
    `UPSTREAM_SECRETS_FILE has no secret "${secret}" that the server "${server}" may use at ${origin}`,
  );
  throw new AuthError('upstream_secret_unavailable', texts.upstream_secret_unavailable, { id, cause });
}
