import * as z from 'zod';
import { CommandError, exitCodes } from '../lib/failure.ts';
import type { Print } from '../lib/print.ts';
import type { Settings } from '../lib/settings.ts';
import { watchFetch } from '../lib/watched-fetch.ts';
import { asRefusal, explainFailure, explainRefusal } from './explain.ts';
import { fetchAs, type Identity } from './identity.ts';

/** The caller, as the gateway identifies them. */
export const me = z.object({
  username: z.string(),
  groups: z.array(z.string()),
  scopes: z.array(z.string()),
  auth_method: z.string(),
});

/** A server as the registry lists it. */
const server = z.object({
  name: z.string(),
  title: z.string().default(''),
  description: z.string().default(''),
  tags: z.array(z.string()).default([]),
  transports: z.array(z.string()).default([]),
  endpoints: z.record(z.string(), z.string()).default({}),
  enabled: z.boolean().default(true),
  status: z.string().default('unknown'),
});
export const serverList = z.object({ servers: z.array(server) });

const timeoutMilliseconds = 15_000;

interface Asking {
  /** How long the answer may take. */
  milliseconds?: number;
  method?: 'POST' | 'PUT' | 'DELETE';
}

/**
 * Asks the registry's API through the gateway.
 * @param path `/api/me`, `/api/servers`
 * @param body sent as JSON, with POST unless another method is given
 * @throws {CommandError} notLoggedIn, denied, unreachable or failed
 */
export async function askRegistry<T>(
  { settings, identity, print }: { settings: Settings; identity: Identity; print: Print },
  path: string,
  schema: z.ZodType<T>,
  body?: unknown,
  { milliseconds = timeoutMilliseconds, method = 'POST' }: Asking = {},
): Promise<T> {
  const url = new URL(path, settings.gateway);
  const init: RequestInit = {
    headers: { Accept: 'application/json', ...(body !== undefined && { 'Content-Type': 'application/json' }) },
    redirect: 'manual',
    signal: AbortSignal.timeout(milliseconds),
    ...(body !== undefined && { method, body: JSON.stringify(body) }),
  };
  const response = await fetchAs(identity, watchFetch(print))(url, init).catch((error) => {
    throw explainFailure(error, { settings, identity, url });
  });
  if (!response.ok) {
    const refusal = (await asRefusal(response)) ?? { status: response.status, reason: '', message: '' };
    throw explainRefusal(refusal, { settings, identity, url });
  }
  const found = schema.safeParse(await response.json().catch(() => undefined));
  if (found.success) return found.data;
  throw new CommandError(exitCodes.failed, `${url} did not answer like the registry.`, {
    hints: [`Is ${settings.gateway} the gateway? REGISTRY_URL names it (${settings.file}).`],
  });
}
