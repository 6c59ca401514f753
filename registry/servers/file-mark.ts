import * as z from 'zod';
import { RegistryError } from '../errors/registry-error.ts';

const prefix = 'from:';
/** The name of files that `mcp-gateway apply` reads, as its option `--from` gives it. */
export const filesName = /^[a-z0-9][a-z0-9-]{0,23}$/;

/** How a request says that files make its server: `?applied_from=git`. */
export const appliedQuery = z.object({
  applied_from: z
    .string()
    .regex(filesName, 'must be 1 to 24 of a-z 0-9 -, beginning with a letter or digit')
    .optional()
    .describe('The name of the files that `mcp-gateway apply` reads: lets the tag `from:NAME` be among the tags.'),
});

/** The tag of servers that files made, by the name of the files. It is what lets `apply` change and delete them. */
export const markOf = (from: string): string => `${prefix}${from}`;

/** Whether a tag says that files made the server, in any case. */
export const isMark = (tag: string): boolean => tag.toLowerCase().startsWith(prefix);

/**
 * Requires that no tag claims without right that files made a server: `apply` would take the server over without being told to.
 * @param before the tags that the server has: they may stay
 * @param from the name of the files that make this change; undefined for people
 * @throws {RegistryError} `input_invalid`
 */
export function requireNoMark(before: readonly string[], tags: readonly string[], from: string | undefined): void {
  const claimed = tags.find(
    (tag) => isMark(tag) && !before.includes(tag) && !(from !== undefined && tag === markOf(from)),
  );
  if (claimed === undefined) return;
  const message = `must not have ${claimed}: mcp-gateway apply gives this tag to servers that files made`;
  throw new RegistryError('input_invalid', `The server cannot be kept like this. tags: ${message}.`, {
    faults: [{ path: 'tags', message }],
  });
}
