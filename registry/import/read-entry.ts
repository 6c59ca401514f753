import * as z from 'zod';
import { boundEntry } from './bounds.ts';
import { fromOriginal, originalServer } from './original.ts';
import { EntryRefused } from './refused.ts';
import { credentialHint, fromServerJson, type Read, serverJson } from './server-json.ts';

const mostFaults = 10;
const longestPath = 200;
const wrapped = z.looseObject({ server: z.looseObject({}) });

/**
 * Reads one entry: a `server.json`, alone or as the MCP registry API answers it (`{server, _meta}`), or a server file of the
 * Python original.
 * @throws {EntryRefused} if it is neither, or cannot be a server here
 */
export function readEntry(entry: unknown): Read & { format: 'server.json' | 'original' } {
  boundEntry(entry);
  const inner = wrapped.safeParse(entry);
  const value = inner.success ? inner.data.server : entry;
  const isObject = typeof value === 'object' && value !== null && !Array.isArray(value);
  if (!isObject || !('name' in value || 'server_name' in value))
    throw new EntryRefused('It is neither a server.json ("name") nor a server file of the original ("server_name").');
  if ('server_name' in value) {
    const server = parse(originalServer, value);
    return { settings: fromOriginal(server), hints: hintsOn(server), format: 'original' };
  }
  return { ...fromServerJson(parse(serverJson, value)), format: 'server.json' };
}

function hintsOn({ auth_type: type, auth_scheme: scheme }: z.output<typeof originalServer>): string[] {
  const kind = type ?? scheme ?? 'none';
  if (kind === 'none') return [];
  return [credentialHint(`(${kind})`)];
}

function parse<T extends z.ZodType>(schema: T, value: unknown): z.output<T> {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const faults = result.error.issues
    .slice(0, mostFaults)
    .map(({ path, message }) => `${path.join('.').slice(0, longestPath) || 'it'}: ${message}`);
  throw new EntryRefused(`It cannot be read. ${faults.join('; ')}.`);
}
