import * as z from 'zod';
import { ToolError } from '../tool-call.ts';

/** The registry has no such thing, or the caller may not see it. */
export class NotFound extends ToolError {}

const bodySchema = z.object({
  error: z.object({
    code: z.string(),
    message: z.string(),
    faults: z.array(z.object({ path: z.string(), message: z.string() })).optional(),
  }),
});

/** The error for a missing or hidden server; the caller cannot tell which. */
export function unknownServer(name: string): ToolError {
  return new NotFound(
    `there is no server ${JSON.stringify(name)} that you may see; list_services names those you may see`,
  );
}

/**
 * Explains a refusal of the registry to the caller. Passes on messages that are meant for callers, and hides internal
 * errors.
 * @param body the parsed response
 */
export function refusal(status: number, body: unknown): ToolError {
  if (status === 401)
    return new ToolError('the registry does not accept your identity (401); log in at the gateway again');
  if (status === 404) return new NotFound('the registry has no such endpoint (404); its version may not match mcpgw');
  if (status >= 500) return new ToolError(`the registry could not answer (${status}); try again later`);
  const { error } = bodySchema.safeParse(body).data ?? {};
  if (!error && status === 403)
    return new ToolError('you are not allowed to do this in the registry (403); ask its administrator for access');
  if (!error) return new ToolError(`the registry refused (${status})`);
  const faults = (error.faults ?? []).filter(({ path }) => path).map(({ path, message }) => `- ${path} ${message}`);
  return new ToolError([`${error.code}: ${error.message}`, ...faults].join('\n'));
}
