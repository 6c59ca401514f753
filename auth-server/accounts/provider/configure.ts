import * as oidc from 'openid-client';
import { parseJson } from '../../../common/text/json.ts';
import type { ProviderMetadata } from './metadata.ts';
import type { Ask } from './outside.ts';
import type { ProviderClient } from './registration.ts';

/** openid-client's configuration for one operation. `idToken` gives the one of its answer. */
export function configure(provider: ProviderMetadata, { id, secret, authentication }: ProviderClient, ask: Ask) {
  const how = {
    none: oidc.None,
    basic: () => oidc.ClientSecretBasic(secret),
    post: () => oidc.ClientSecretPost(secret),
  }[authentication]();
  const configuration = new oidc.Configuration(provider as oidc.ServerMetadata, id, undefined, how);
  // Which addresses may be plain http is decided where they are asked.
  oidc.allowInsecureRequests(configuration);
  let idToken: string | undefined;
  configuration[oidc.customFetch] = async (url, init) => {
    const answer = await ask(url, init as Parameters<Ask>[1]);
    if (url !== new URL(provider.token_endpoint).href) return answer;
    const read = await plainAnswer(answer);
    idToken = read.idToken;
    return read.answer;
  };
  return { configuration, idToken: () => idToken };
}

/**
 * GitHub and Slack report errors with status 200. ID tokens are taken out: they are only shown, and many providers sign them in a way
 * that their documents do not name.
 */
async function plainAnswer(answer: Response): Promise<{ answer: Response; idToken: string | undefined }> {
  const text = await answer.text();
  const said = parseJson(text);
  if (typeof said !== 'object' || said === null || Array.isArray(said))
    return { answer: new Response(text, { status: answer.status, headers: answer.headers }), idToken: undefined };
  const { id_token: idToken, ...rest } = said as Record<string, unknown>;
  // Slack names whom a bearer token is for.
  if (rest.token_type === 'user' || rest.token_type === 'bot') rest.token_type = 'Bearer';
  const isRefusal = answer.status === 200 && typeof rest.error === 'string' && rest.access_token === undefined;
  const status = isRefusal ? 400 : answer.status === 201 ? 200 : answer.status;
  return {
    answer: new Response(JSON.stringify(rest), { status, headers: answer.headers }),
    idToken: typeof idToken === 'string' ? idToken : undefined,
  };
}
