import * as z from 'zod';
import { readBounded } from '../../../common/network/read-bounded.ts';
import { parseJson } from '../../../common/text/json.ts';
import { codes, Refusal } from '../client/errors.ts';

const elements = z.array(z.string());
const member = z.object({
  server: z.string(),
  era: z.enum(['old', 'new', 'both']),
  prefix: z.literal('never').optional(),
  transport: z.literal('sse').optional(),
  sampling: z.boolean().optional(),
  pages: z.boolean().optional(),
  leftOut: z.string().optional(),
  tools: elements,
  prompts: elements,
  resources: elements,
  templates: elements,
});
const picture = z.object({ members: z.array(member) });

/** A server as one caller may use it. Each element of its lists is the JSON that the server wrote. */
export type PictureMember = z.output<typeof member>;

/** All that one caller may use through one address of the hub, as the registry knows it. */
export type Picture = z.output<typeof picture>;

/** The texts have 8 MB at most. As strings in JSON, with a backslash before each quote, they take up to twice that. */
const mostBytes = 17 * 1024 * 1024;
/** It comes from the registry's memory. */
const timeoutMilliseconds = 5_000;

/**
 * Asks the registry for the picture of a caller.
 * @param assertion the caller's, for the hub
 * @param set empty for all servers
 * @throws {Refusal} if the registry refuses, does not answer, or answers what the hub does not understand
 */
export async function askPicture(registryUrl: string, assertion: string, set: string): Promise<Picture> {
  const response = await fetch(new URL(`/api/hub/lists?${new URLSearchParams({ set })}`, registryUrl), {
    headers: { Accept: 'application/json', 'X-Mcp-Assertion': assertion },
    // A redirect would leak the caller's identity to its target.
    redirect: 'manual',
    signal: AbortSignal.timeout(timeoutMilliseconds),
  }).catch((error: unknown) => {
    throw unavailable(error);
  });
  if (response.status === 404) {
    await response.body?.cancel();
    throw new Refusal(200, codes.invalidRequest, 'There is no such set any more. Ask for its new address.');
  }
  const body = response.ok ? await readBounded(response, mostBytes).catch(() => undefined) : undefined;
  if (!body) await response.body?.cancel().catch(() => undefined);
  const read = picture.safeParse(body && parseJson(body.toString('utf8')));
  if (!read.success) throw unavailable(read.error);
  return read.data;
}

function unavailable(cause: unknown): Refusal {
  const refusal = new Refusal(200, codes.internal, 'The lists cannot be read now. Try again in a moment.');
  refusal.cause = cause;
  return refusal;
}
