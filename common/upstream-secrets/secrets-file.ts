import * as z from 'zod';
import { serverNameForm } from '../../policy/names.ts';
import { readYaml } from '../files/yaml-file.ts';
import { origin } from '../network/origin.ts';
import { invalidSetting } from '../settings/invalid-setting.ts';
import { ConfigError } from '../text/config-error.ts';

/** The form of a secret's name, the same as a server's. It appears in the routes file, nginx's configuration and the registry. */
export const secretName = new RegExp(`^${serverNameForm}$`);

/** One entry of the file, before its text is fetched. */
export interface SecretEntry {
  name: string;
  /** Origins that it may be sent to, and no others. */
  for: readonly string[];
  /** Names of the servers that may use it; undefined for all at these origins. */
  servers: readonly string[] | undefined;
  header: 'Authorization' | 'X-API-Key';
  scheme: 'Bearer' | 'Basic' | 'none';
  /** Where its text comes from. */
  source: { value: string } | { env: string } | { file: string };
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

/** What the gateway shows an upstream: one header, ready to be sent. */
export interface Credential {
  header: 'Authorization' | 'X-API-Key';
  value: string;
}

/** Headers of an upstream and nginx's buffers have to hold it. */
const longest = 8_192;

/**
 * Makes the header of a secret (RFC 9110 section 11.6.2; for Basic, RFC 7617).
 * @param text the secret itself; for Basic `user:password`
 * @returns the credential, or what is wrong with the text, in words that hold nothing of it
 */
export function toCredential({ header, scheme }: SecretEntry, text: string): Credential | string {
  const prefix = scheme === 'none' ? '' : `${scheme} `;
  if (text === '') return 'is empty';
  if (prefix && text.toLowerCase().startsWith(prefix.toLowerCase()))
    return `begins with "${scheme}", which the gateway adds itself: leave it out`;
  if (scheme === 'Basic' && !/^[^:\p{Cc}]+:\P{Cc}*$/u.test(text)) return 'must be user:password for Basic';
  const value = prefix + (scheme === 'Basic' ? Buffer.from(text, 'utf8').toString('base64') : text);
  // What is sent is put into a header line by nginx and by Node: nothing in it may end the line.
  if (!/^[!-~](?:[ -~]*[!-~])?$/.test(value)) return 'holds characters that no header can carry, such as a line break';
  return value.length <= longest ? { header, value } : `is longer than ${longest} characters`;
}
