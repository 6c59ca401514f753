import * as z from 'zod';
import { serverNameForm } from '../../policy/names.ts';
import { readYaml } from '../files/yaml-file.ts';
import { origin } from '../network/origin.ts';
import { invalidSetting } from '../settings/invalid-setting.ts';
import { ConfigError } from '../text/config-error.ts';

/** The form of a secret's name, the same as a server's. It appears in the routes file, nginx's configuration and the registry. */
export const secretName = new RegExp(`^${serverNameForm}$`);

/** Where a secret's text comes from. */
type SecretSource = { value: string } | { env: string } | { file: string };

/** One entry of the file, before its text is fetched. */
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
    // An unknown field may be a secret in the wrong place: do not repeat its name.
    { error: ({ code }) => (code === 'unrecognized_keys' ? `has a field that is none of ${fields}` : undefined) },
  )
  .superRefine(({ header, scheme, value, env, file }, ctx) => {
    const fault = (path: string[], message: string) => ctx.addIssue({ code: 'custom', path, message });
    if ([value, env, file].filter((source) => source !== undefined).length !== 1)
      fault([], 'must have exactly one of value, env and file');
    if (header === 'X-API-Key' && scheme !== undefined && scheme !== 'none')
      fault(['scheme'], 'is for Authorization; X-API-Key has none');
    const why = value === undefined ? undefined : invalidSetting(value);
    if (why) fault(['value'], why);
  });

/**
 * Reads a file of secrets (docs/upstreams.md): YAML, by the name of the secret. No fault holds anything of a secret.
 * @throws {ConfigError} with every fault, such as `line 2: github.for: must be a list of origins …`
 */
export function parseSecrets(source: string): SecretEntry[] {
  const file = readYaml(source, { subject: 'The upstream secrets', secret: true });
  const all = file.value;
  const isMap = typeof all === 'object' && all !== null && !Array.isArray(all);
  if (!isMap) throw secretsError(['must be secrets by their names; write {} for none']);
  const faults: string[] = [];
  const entries = Object.entries(all).flatMap(([name, value], index) => {
    if (!secretName.test(name)) {
      faults.push(`entry ${index + 1}: its name must be 1 to 63 of a-z 0-9 _ - and start with a letter or digit`);
      return [];
    }
    const read = entry.safeParse(value);
    if (read.success) return [toEntry(name, read.data)];
    faults.push(...file.faults(read.error.issues, [name]));
    return [];
  });
  if (faults.length > 0) throw secretsError(faults);
  return entries;
}

/** The faults of a file of secrets. */
export function secretsError(faults: readonly string[]): ConfigError {
  return new ConfigError(faults, 'The upstream secrets');
}

function toEntry(name: string, read: z.output<typeof entry>): SecretEntry {
  const { header, servers, value, env = '', file } = read;
  const scheme = header === 'X-API-Key' ? 'none' : (read.scheme ?? 'Bearer');
  const source = value !== undefined ? { value } : file !== undefined ? { file } : { env };
  return { name, for: read.for, servers, header, scheme, source };
}
