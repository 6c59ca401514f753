import * as z from 'zod';
import { type Ask, jsonOf, reasonOf } from '../ask.ts';
import { type Finding, fail, ok, shown } from '../finding.ts';

const resourceSchema = z.object({ resource: z.string(), authorization_servers: z.array(z.string()).min(1) });
const serverSchema = z.object({
  issuer: z.string(),
  authorization_endpoint: z.string(),
  token_endpoint: z.string(),
  code_challenge_methods_supported: z.array(z.string()),
  registration_endpoint: z.string().optional(),
  client_id_metadata_document_supported: z.boolean().optional(),
});
const check = 'mcp clients';
const routes = 'the proxies in front must pass on /.well-known/ and /oauth2/ as they are (docs/validate.md)';

/**
 * Can MCP clients find out how to log in? Reads what they read, in their order: the metadata of an endpoint that need not
 * exist (RFC 9728), then that of the authorization server (RFC 8414).
 */
export async function checkClients(publicUrl: string, ask: Ask): Promise<Finding> {
  try {
    const endpoint = '/doctor/mcp';
    const url = `${publicUrl}/.well-known/oauth-protected-resource${endpoint}`;
    const answer = await ask(url);
    const found = resourceSchema.safeParse(await jsonOf(answer));
    if (!found.success) return fail(check, `${shown(url)} answers ${answer.status}, not with metadata`, routes);
    const { resource, authorization_servers: servers } = found.data;
    if (resource !== publicUrl + endpoint) return otherAddress(`${shown(resource)}`, publicUrl);
    if (servers[0] !== publicUrl)
      return ok(check, `cannot log in by themselves: OAUTH_CLIENTS is off, and they find ${shown(servers[0] ?? '')}`);
    return await checkServer(publicUrl, ask);
  } catch (error) {
    return fail(check, `the metadata of the gateway cannot be read: ${reasonOf(error)}`, routes);
  }
}

async function checkServer(publicUrl: string, ask: Ask): Promise<Finding> {
  const url = `${publicUrl}/.well-known/oauth-authorization-server`;
  const answer = await ask(url);
  const found = serverSchema.safeParse(await jsonOf(answer));
  if (!found.success) return fail(check, `${shown(url)} answers ${answer.status}, not with metadata`, routes);
  const { issuer, authorization_endpoint: authorize, token_endpoint: token } = found.data;
  const stray = [issuer, authorize, token].find((address) => !`${address}/`.startsWith(`${publicUrl}/`));
  if (stray !== undefined) return otherAddress(shown(stray), publicUrl);
  const ways = [
    ...(found.data.registration_endpoint === undefined ? [] : ['by registration']),
    ...(found.data.client_id_metadata_document_supported ? ['by metadata documents'] : []),
  ];
  return ok(check, `can log in at the gateway: ${ways.join(' and ') || 'only app clients of the user pool'}`);
}

function otherAddress(seen: string, publicUrl: string): Finding {
  return fail(check, `are sent to ${seen}`, `REGISTRY_URL of the gateway must be ${publicUrl}`);
}
