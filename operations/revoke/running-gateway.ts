import * as z from 'zod';
import type { Store } from '../../auth-server/store/store.ts';
import { settings } from '../../common/settings/table.ts';

const timeoutMilliseconds = 3_000;
const published = z.object({ keys: z.array(z.object({ kid: z.string() })) });

/**
 * The address of the gateway at REGISTRY_URL if it uses another database than this one; undefined if it uses this one, or if
 * no gateway answers there.
 */
export async function otherGateway(store: Store, { REGISTRY_URL }: NodeJS.ProcessEnv): Promise<string | undefined> {
  const publicUrl = settings.REGISTRY_URL.schema.safeParse(REGISTRY_URL?.trim() || undefined).data;
  return publicUrl !== undefined && (await usesStore(publicUrl, store)) === false ? publicUrl : undefined;
}

/**
 * Whether the gateway that answers at an address uses this database: the keys that it publishes are in it. A laptop may have
 * the database of an earlier `npm run up` beside a gateway in containers.
 * @param publicUrl the origin of the gateway
 * @returns undefined if no gateway answers there
 */
async function usesStore(publicUrl: string, store: Pick<Store, 'keys'>): Promise<boolean | undefined> {
  const answer = await fetch(`${publicUrl}/.well-known/jwks.json`, {
    redirect: 'manual',
    signal: AbortSignal.timeout(timeoutMilliseconds),
  })
    .then((response) => (response.ok ? response.json() : undefined))
    .catch(() => undefined);
  const { data } = published.safeParse(answer);
  if (!data || data.keys.length === 0) return undefined;
  const own = new Set((await store.keys.list()).map(({ kid }) => kid));
  return data.keys.some(({ kid }) => own.has(kid));
}
