import * as z from 'zod';
import { ToolError } from '../tool-call.ts';

/** The registry knows no such thing, or does not tell this caller of it. */
export class NotFound extends ToolError {}

const bodySchema = z.object({
  error: z.object({
    code: z.string(),
    message: z.string(),
    faults: z.array(z.object({ path: z.string(), message: z.string() })).optional(),
  }),
});

/** What is said of a server that is not there or may not be seen; a caller cannot tell which. */
export function unknownServer(name: string): ToolError {
  return new NotFound(
    `there is no server ${JSON.stringify(name)} that you may see; list_services names those you may see`,
  );
}

/**
 * A refusal of the registry, in words for the caller. Its own words are passed on where they are meant for callers;
 * what it says of its own troubles stays with it.
 * @param body what it sent, parsed
 */
export function refusal(status: number, body: unknown): ToolError {
  if (status === 401)
    return new ToolError('the registry does not accept your identity (401); log in at the gateway again');
  if (status === 404) return new NotFound('the registry knows no such page (404); its version may not fit mcpgw');
  if (status >= 500) return new ToolError(`the registry could not answer (${status}); try again later`);
  const { error } = bodySchema.safeParse(body).data ?? {};
  if (!error && status === 403)
    return new ToolError('you are not allowed to do this in the registry (403); ask its administrator for access');
  if (!error) return new ToolError(`the registry refused (${status})`);
  const faults = (error.faults ?? []).filter(({ path }) => path).map(({ path, message }) => `- ${path} ${message}`);
  return new ToolError([`${error.code}: ${error.message}`, ...faults].join('\n'));
}
