import { parseDocument } from 'yaml';
import * as z from 'zod';
import { serverNameForm } from '../../policy/names.ts';
import { origin } from '../network/origin.ts';
import { spoiltBy } from '../settings/spoilt.ts';

/** The form of a secret's name, the same as a server's. It appears in the routes file, nginx's configuration and the registry. */
export const secretName = new RegExp(`^${serverNameForm}$`);

/** Where a secret's text comes from. */
export type SecretSource = { value: string } | { env: string } | { file: string };

/** One entry of the file, its text not yet fetched. */
export interface SecretEntry {
  name: string;
  /** Origins that it may be sent to, and no others. */
  for: readonly string[];
  /** Names of the servers that may use it; undefined for all at these origins. */
  servers: readonly string[] | undefined;
  header: 'Authorization' | 'X-API-Key';
  scheme: 'Bearer' | 'Basic' | 'none';
  source: SecretSource;
}

/** Every fault of a file of secrets at once. No fault holds anything of a secret. */
export class SecretsFileError extends Error {
  readonly faults: readonly string[];
  constructor(faults: readonly string[]) {
    super(`The upstream secrets cannot be used:\n${faults.map((f) => `  - ${f}`).join('\n')}`);
    this.name = 'SecretsFileError';
    this.faults = faults;
  }
}

const fields = 'for, servers, header, scheme, and one of value, env and file';
const text = z.string('must be text').min(1, 'must not be empty');

const entry = z
  .strictObject(
    {
      for: z.array(origin, 'must be a list of origins, such as [https://mcp.example.com]').min(1, 'must not be empty'),
      servers: z.array(text, 'must be a list of names of servers').min(1, 'must not be empty').optional(),
      header: z.enum(['Authorization', 'X-API-Key'], 'must be Authorization or X-API-Key').default('Authorization'),
      scheme: z.enum(['Bearer', 'Basic', 'none'], 'must be Bearer, Basic or none').optional(),
      value: text.optional(),
      env: text.regex(/^[A-Za-z_][A-Za-z0-9_]*$/, 'must be the name of an environment variable').optional(),
      file: text.optional(),
    },
    // A field that nobody knows may be a secret that was put in the wrong place: its name is not repeated.
    { error: ({ code }) => (code === 'unrecognized_keys' ? `has a field that is none of ${fields}` : undefined) },
  )
  .superRefine(({ header, scheme, value, env, file }, ctx) => {
    const fault = (path: string[], message: string) => ctx.addIssue({ code: 'custom', path, message });
    if ([value, env, file].filter((source) => source !== undefined).length !== 1)
      fault([], 'must have exactly one of value, env and file');
    if (header === 'X-API-Key' && scheme !== undefined && scheme !== 'none')
      fault(['scheme'], 'is for Authorization; X-API-Key has none');
    const why = value === undefined ? undefined : spoiltBy(value);
    if (why) fault(['value'], why);
  });

/**
 * Reads a file of secrets (docs/upstreams.md): YAML, by the name of the secret.
 * @throws {SecretsFileError} with every fault, such as `github.for: must be a list of origins …`
 */
export function parseSecrets(source: string): SecretEntry[] {
  // All values as text: a key of digits only stays what it is.
  const document = parseDocument(source, { uniqueKeys: true, strict: true, schema: 'failsafe' });
  const broken = [...document.errors, ...document.warnings];
  // The library's own words may quote the file.
  if (broken.length > 0)
    throw new SecretsFileError(broken.map(({ code, linePos }) => `line ${linePos?.[0].line ?? '?'}: ${code}`));
  const all = toPlain(document);
  const isMap = typeof all === 'object' && all !== null && !Array.isArray(all);
  if (!isMap) throw new SecretsFileError(['must be secrets by their names; write {} for none']);
  const faults: string[] = [];
  const entries = Object.entries(all).flatMap(([name, value], index) => {
    if (!secretName.test(name)) {
      faults.push(`entry ${index + 1}: its name must be 1 to 63 of a-z 0-9 _ - and start with a letter or digit`);
      return [];
    }
    const read = entry.safeParse(value);
    if (read.success) return [toEntry(name, read.data)];
    for (const { path, message } of read.error.issues) faults.push(`${[name, ...path].join('.')}: ${message}`);
    return [];
  });
  if (faults.length > 0) throw new SecretsFileError(faults);
  return entries;
}

function toPlain(document: ReturnType<typeof parseDocument>): unknown {
  try {
    return document.toJS({ maxAliasCount: 0 });
  } catch {
    throw new SecretsFileError(['aliases (*name) are not allowed: write the value out']);
  }
}

function toEntry(name: string, read: z.output<typeof entry>): SecretEntry {
  const { header, servers, value, env = '', file } = read;
  const scheme = header === 'X-API-Key' ? 'none' : (read.scheme ?? 'Bearer');
  const source = value !== undefined ? { value } : file !== undefined ? { file } : { env };
  return { name, for: read.for, servers, header, scheme, source };
}
