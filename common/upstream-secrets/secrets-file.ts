import * as z from 'zod';
import { serverNameForm } from '../../policy/names.ts';
import { readYaml } from '../files/yaml-file.ts';
import { origin } from '../network/origin.ts';
import { ConfigError } from '../text/config-error.ts';
import {
  type AccountEntry,
  accountShape,
  knownFields,
  type SecretSource,
  sourceFaults,
  sourceFields,
  text,
  toAccountEntry,
  toSource,
} from './account-entry.ts';
import { credentialHeaderFault, spelled } from './credential-header.ts';

/** The form of a secret's name, the same as a server's. It appears in the routes file, nginx's configuration and the registry. */
export const secretName = new RegExp(`^${serverNameForm}$`);

/** One header of a secret, before its text is fetched. */
export interface SecretHeader {
  header: string;
  scheme: 'Bearer' | 'Basic' | 'none';
  /** Where its text comes from. */
  source: SecretSource;
  /** Where it stands in its entry, such as `headers.0.`; empty for an entry with one header. */
  place: string;
}

/** One entry of the file. */
export interface SecretEntry {
  name: string;
  /** Origins that it may be sent to, and no others. */
  for: readonly string[];
  /** Names of the servers that may use it; undefined for all at these origins. */
  servers: readonly string[] | undefined;
  headers: readonly SecretHeader[];
}

/** Real servers want one or two, such as an API key and an application key. */
const mostHeaders = 8;

const oneHeader = {
  header: z
    .string('must be the name of a header')
    .superRefine((name, ctx) => {
      const message = credentialHeaderFault(name);
      if (message) ctx.addIssue({ code: 'custom', message });
    })
    .transform(spelled),
  scheme: z.enum(['Bearer', 'Basic', 'none'], 'must be Bearer, Basic or none').optional(),
  ...sourceFields,
};
const known = (fields: string) => knownFields(`${fields}, and one of value, env and file`);
const headerItem = z.strictObject(oneHeader, known('header, scheme')).superRefine(checkHeader);

const where = {
  for: z.array(origin, 'must be a list of origins, such as [https://mcp.example.com]').min(1, 'must not be empty'),
  servers: z.array(text, 'must be a list of names of servers').min(1, 'must not be empty').optional(),
};
const withOne = z
  .strictObject(
    { ...where, ...oneHeader, header: oneHeader.header.default('Authorization') },
    known('for, servers, header, scheme'),
  )
  .superRefine(checkHeader);
const withSeveral = z.strictObject(
  {
    ...where,
    headers: z
      .array(headerItem, 'must be a list of headers')
      .min(1, 'must not be empty')
      .max(mostHeaders, `must have at most ${mostHeaders} headers`)
      .refine(isEachOnce, 'must not repeat a name'),
  },
  known('for, servers, headers'),
);

type HeaderInput = Omit<z.output<typeof headerItem>, 'header'> & { header: string };

function isEachOnce(headers: readonly { header: string }[]): boolean {
  return new Set(headers.map(({ header }) => header.toLowerCase())).size === headers.length;
}

function checkHeader(given: HeaderInput, ctx: z.RefinementCtx): void {
  const { header, scheme } = given;
  const faults = sourceFaults(given);
  if (header !== 'Authorization' && scheme !== undefined && scheme !== 'none')
    faults.push([['scheme'], `is for Authorization; ${header} has none`]);
  for (const [path, message] of faults) ctx.addIssue({ code: 'custom', path, message });
}

/** What the file holds: credentials of the gateway itself, and providers of people's accounts. */
export interface SecretsFile {
  secrets: SecretEntry[];
  accounts: AccountEntry[];
}

/**
 * Reads a file of secrets (docs/upstreams.md): YAML, by the name of the secret. No fault holds anything of a secret.
 * @throws {ConfigError} with every fault, such as `line 2: github.for: must be a list of origins …`
 */
export function parseSecrets(source: string): SecretsFile {
  const file = readYaml(source, { subject: 'The upstream secrets', secret: true });
  const all = file.value;
  const isMap = typeof all === 'object' && all !== null && !Array.isArray(all);
  if (!isMap) throw secretsError(['must be secrets by their names; write {} for none']);
  const faults: string[] = [];
  const found: SecretsFile = { secrets: [], accounts: [] };
  for (const [index, [name, value]] of Object.entries(all).entries()) {
    if (!secretName.test(name)) {
      faults.push(`entry ${index + 1}: its name must be 1 to 63 of a-z 0-9 _ - and start with a letter or digit`);
      continue;
    }
    const has = (field: string) => typeof value === 'object' && value !== null && field in value;
    if (has('account')) {
      const read = accountShape.safeParse(value);
      if (read.success) found.accounts.push(toAccountEntry(name, read.data));
      else faults.push(...file.faults(read.error.issues, [name]));
      continue;
    }
    const read = (has('headers') ? withSeveral : withOne).safeParse(value);
    if (read.success) found.secrets.push(toEntry(name, read.data));
    else faults.push(...file.faults(read.error.issues, [name]));
  }
  if (faults.length > 0) throw secretsError(faults);
  return found;
}

/** The faults of a file of secrets. */
export function secretsError(faults: readonly string[]): ConfigError {
  return new ConfigError(faults, 'The upstream secrets');
}

function toEntry(name: string, read: z.output<typeof withOne> | z.output<typeof withSeveral>): SecretEntry {
  const headers =
    'headers' in read ? read.headers.map((each, index) => toHeader(each, `headers.${index}.`)) : [toHeader(read, '')];
  return { name, for: read.for, servers: read.servers, headers };
}

function toHeader({ header, scheme, value, env, file }: HeaderInput, place: string): SecretHeader {
  const source = toSource({ value, env, file });
  return { header, scheme: header === 'Authorization' ? (scheme ?? 'Bearer') : 'none', source, place };
}

/** What the gateway shows an upstream: one header, ready to be sent. */
export interface Credential {
  header: string;
  value: string;
}

/** Headers of an upstream and nginx's buffers have to hold all headers of a secret. */
export const longestCredential = 8_192;

/**
 * Makes a header of a secret (RFC 9110 section 11.6.2; for Basic, RFC 7617).
 * @param text the secret itself; for Basic `user:password`
 * @returns the credential, or what is wrong with the text, in words that hold nothing of it
 */
export function toCredential(
  { header, scheme }: Pick<SecretHeader, 'header' | 'scheme'>,
  text: string,
): Credential | string {
  const prefix = scheme === 'none' ? '' : `${scheme} `;
  if (text === '') return 'is empty';
  if (prefix && text.toLowerCase().startsWith(prefix.toLowerCase()))
    return `begins with "${scheme}", which the gateway adds itself: leave it out`;
  if (scheme === 'Basic' && !/^[^:\p{Cc}]+:\P{Cc}*$/u.test(text)) return 'must be user:password for Basic';
  const value = prefix + (scheme === 'Basic' ? Buffer.from(text, 'utf8').toString('base64') : text);
  // What is sent is put into a header line by nginx and by Node: nothing in it may end the line.
  if (!/^[!-~](?:[ -~]*[!-~])?$/.test(value)) return 'holds characters that no header can carry, such as a line break';
  return value.length <= longestCredential ? { header, value } : `is longer than ${longestCredential} characters`;
}
