import { hash } from 'node:crypto';
import * as z from 'zod';
import { invalidSetting } from '../settings/invalid-setting.ts';
import { prefixFault } from './server-address.ts';

/** Where the text of a secret comes from. */
export type SecretSource = { value: string } | { env: string } | { file: string };

/** One `account` entry of UPSTREAM_SECRETS_FILE, before its secret is fetched. */
export interface AccountEntry {
  name: string;
  /** For people; the entry's name unless given. */
  title: string;
  /** Prefixes of the addresses of servers that may get people's tokens. */
  for: readonly string[];
  /** Names of the servers that may use it; undefined for all at these addresses. */
  servers: readonly string[] | undefined;
  /** The only issuer that is accepted; undefined for a static entry that names none. */
  issuer: string | undefined;
  /** Set for a static entry: no document of the provider is read. */
  endpoints: { authorization: string; token: string; revocation: string | undefined } | undefined;
  /** Undefined if the gateway registers itself at the provider. */
  client: { id: string; secret: SecretSource | undefined; authentication: 'basic' | 'post' | 'none' } | undefined;
  scopes: readonly string[];
  /** Whether RFC 8707 `resource` is sent. */
  resource: boolean;
  /** Where the account's name is asked for, and in which field it is. */
  accountName: { url: string; field: string } | undefined;
  /** Where a person can take the right away at the provider. */
  settingsPage: string | undefined;
}

/** An account provider, ready to be used. */
export interface AccountProvider extends AccountEntry {
  clientSecret: string | undefined;
  /** Digest of issuer, endpoints, client and prefixes: tokens made under another one are not used. */
  identity: string;
}

export const text = z.string('must be text').min(1, 'must not be empty');
/** Where the text of a secret comes from: each entry has exactly one of these fields. */
export const sourceFields = {
  value: text.optional(),
  env: text.regex(/^[A-Za-z_][A-Za-z0-9_]*$/, 'must be the name of an environment variable').optional(),
  file: text.optional(),
};
type SourceInput = { [K in keyof typeof sourceFields]?: string | undefined };

/** @returns each fault with its path; no fault repeats a value */
export function sourceFaults({ value, env, file }: SourceInput): [path: string[], message: string][] {
  const isOne = [value, env, file].filter((source) => source !== undefined).length === 1;
  const why = value === undefined ? undefined : invalidSetting(value);
  return [
    ...(isOne ? [] : [[[], 'must have exactly one of value, env and file'] as [string[], string]]),
    ...(why ? [[['value'], why] as [string[], string]] : []),
  ];
}

export function toSource({ value, env = '', file }: SourceInput): SecretSource {
  return value !== undefined ? { value } : file !== undefined ? { file } : { env };
}

/** An unknown field may be a secret in the wrong place: does not repeat its name. */
export const knownFields = (fields: string) => ({
  error: ({ code }: { code: string }) =>
    code === 'unrecognized_keys' ? `has a field that is none of ${fields}` : undefined,
});

const mostScopes = 50;
const longest = 2_000;
const short = 200;
const loopback = /^http:\/\/(localhost|127\.0\.0\.1|\[::1\])(:\d+)?(\/|$)/;

const isUrl = (address: string) => {
  const url = URL.parse(address);
  return url !== null && !url.username && !url.password && !address.includes('#') && !/\s/.test(address);
};
/** Plain http is for this machine only: everything here carries a secret. */
const address = text
  .max(longest, `must have at most ${longest} characters`)
  .refine(
    (given) => isUrl(given) && (given.startsWith('https://') || loopback.test(given)),
    'must be an https address without user name and fragment',
  );
const issuer = address.refine((given) => !given.includes('?'), 'must have no query: it is the issuer of RFC 8414');
const label = text
  .max(short, `must have at most ${short} characters`)
  .regex(/^[^\p{C}]*$/u, 'must be one line of text');
const prefix = text.superRefine((given, ctx) => {
  const message = prefixFault(given);
  if (message) ctx.addIssue({ code: 'custom', message });
});

const secret = z
  .strictObject(sourceFields, knownFields('value, env and file'))
  .superRefine((given, ctx) => {
    for (const [path, message] of sourceFaults(given)) ctx.addIssue({ code: 'custom', path, message });
  })
  .transform(toSource);

const fields = `issuer, authorization_endpoint, token_endpoint, revocation_endpoint, client_id, client_secret,
  client_authentication, scopes, resource, title, account_name, settings_page`.replace(/\s+/g, ' ');
type Given = Partial<
  Record<'issuer' | 'authorization_endpoint' | 'token_endpoint' | 'revocation_endpoint' | 'client_id', string>
> & { client_secret?: unknown; client_authentication?: string | undefined };

/** Which fields need which others. */
function combinations(
  given: { [K in keyof Given]?: Given[K] | undefined },
): [isFault: boolean, field: string, message: string][] {
  const has = (field: keyof Given) => given[field] !== undefined;
  const isStatic = has('authorization_endpoint') || has('token_endpoint');
  const how = given.client_authentication;
  const unregistered = (isStatic || has('client_secret') || how !== undefined) && !has('client_id');
  return [
    [isStatic && !has('authorization_endpoint'), 'authorization_endpoint', 'is needed with token_endpoint'],
    [isStatic && !has('token_endpoint'), 'token_endpoint', 'is needed with authorization_endpoint'],
    [unregistered, 'client_id', 'is needed with endpoints, client_secret and client_authentication'],
    [!isStatic && !has('issuer'), 'issuer', 'is needed, or authorization_endpoint, token_endpoint and client_id'],
    [!isStatic && has('revocation_endpoint'), 'revocation_endpoint', 'is for entries with token_endpoint'],
    [how === 'none' && has('client_secret'), 'client_authentication', 'is none, but there is a client_secret'],
    [
      /^(basic|post)$/.test(how ?? '') && !has('client_secret'),
      'client_secret',
      `is needed to authenticate with ${how}`,
    ],
  ];
}

const account = z
  .strictObject(
    {
      issuer: issuer.optional(),
      authorization_endpoint: address.optional(),
      token_endpoint: address.optional(),
      revocation_endpoint: address.optional(),
      client_id: text.max(longest).optional(),
      client_secret: secret.optional(),
      client_authentication: z.enum(['basic', 'post', 'none'], 'must be basic, post or none').optional(),
      scopes: z
        // RFC 6749 section 3.3
        .array(text.regex(/^[!#-[\]-~]+$/, 'must be a scope, without spaces'), 'must be a list of scopes')
        .max(mostScopes, `must have at most ${mostScopes} scopes`)
        .optional(),
      resource: z.enum(['true', 'false'], 'must be true or false').optional(),
      title: label.optional(),
      account_name: z.strictObject({ url: address, field: label }, knownFields('url and field')).optional(),
      settings_page: address.optional(),
    },
    knownFields(fields),
  )
  .superRefine((given, ctx) => {
    for (const [isFault, field, message] of combinations(given))
      if (isFault) ctx.addIssue({ code: 'custom', path: [field], message });
  });

/** The fields of an entry with `account`, for {@link toAccountEntry}. */
export const accountShape = z.strictObject(
  {
    for: z
      .array(prefix, 'must be a list of addresses, such as [https://mcp.example.com/mcp]')
      .min(1, 'must not be empty'),
    servers: z.array(text, 'must be a list of names of servers').min(1, 'must not be empty').optional(),
    account,
  },
  knownFields('for, servers and account'),
);

export function toAccountEntry(name: string, read: z.output<typeof accountShape>): AccountEntry {
  const { account: given } = read;
  const { authorization_endpoint: authorization, token_endpoint: token } = given;
  const usual = given.client_secret === undefined ? 'none' : 'basic';
  return {
    name,
    title: given.title ?? name,
    for: read.for,
    servers: read.servers,
    issuer: given.issuer,
    endpoints:
      authorization === undefined || token === undefined
        ? undefined
        : { authorization, token, revocation: given.revocation_endpoint },
    client:
      given.client_id === undefined
        ? undefined
        : { id: given.client_id, secret: given.client_secret, authentication: given.client_authentication ?? usual },
    scopes: given.scopes ?? [],
    resource: given.resource !== 'false',
    accountName: given.account_name,
    settingsPage: given.settings_page,
  };
}

/**
 * What an entry's tokens belong to. A new secret of the same client, other scopes and other words for people change nothing.
 */
export function identityOf({ issuer, endpoints, client, for: prefixes }: AccountEntry): string {
  const parts = [issuer ?? null, endpoints ?? null, client?.id ?? null, [...prefixes].sort()];
  return hash('sha256', JSON.stringify(parts), 'base64url');
}
