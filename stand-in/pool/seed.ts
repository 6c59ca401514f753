import * as z from 'zod';
import { readConfigFile } from '../../common/files/config-file.ts';
import { parseYaml } from '../../common/files/yaml-file.ts';
import { ConfigError } from '../../common/text/config-error.ts';

/** Scopes every pool has; all others are `<resource server>/<scope>`, except {@link ADMIN_SCOPE}. */
export const OIDC_SCOPES: readonly string[] = ['openid', 'email', 'phone', 'profile'];
/** The scope that lets a person's token call Cognito's own API. */
const ADMIN_SCOPE = 'aws.cognito.signin.user.admin';

const DAY = 86_400;
const YEAR = 365 * DAY;
const url = z.string().refine((text) => URL.canParse(text) && !text.includes('#'), 'must be a full URL without #');
const groupName = z.string().regex(/^[\p{L}\p{M}\p{S}\p{N}\p{P}]{1,128}$/u, 'must be 1 to 128 characters, no spaces');

const scopeName = z.string().regex(/^[\w.-]+$/, 'must be letters, digits, _ . or -');
const atMost = (most: number, what: string): [(record: object) => boolean, string] => [
  (record) => Object.keys(record).length <= most,
  `must have ${most} ${what} at most`,
];

const userSchema = z.strictObject({
  username: z.string().min(1).max(128),
  sub: z.string().min(1).max(128),
  password: z.string().min(1),
  email: z.email(),
  /** True if not given. */
  email_verified: z.boolean().optional(),
  preferred_username: z.string().min(1).max(2048).optional(),
  name: z.string().optional(),
  phone_number: z
    .string()
    .regex(/^\+\d{1,15}$/, 'must look like +15550100')
    .optional(),
  groups: z.array(groupName).max(100).default([]),
  status: z.enum(['CONFIRMED', 'FORCE_CHANGE_PASSWORD', 'DISABLED']).default('CONFIRMED'),
});

const clientSchema = z.strictObject({
  id: z.string().regex(/^\w{1,128}$/, 'must be letters, digits or _'),
  name: z.string().min(1),
  gateway: z.boolean().default(false),
  secret: z.string().min(20, 'must have 20 characters or more').optional(),
  flows: z.array(z.enum(['code', 'client_credentials'])).min(1),
  scopes: z.array(z.string()).min(1).max(50),
  callback_urls: z.array(url).max(100).default([]),
  logout_urls: z.array(url).max(100).default([]),
  require_pkce: z.boolean().default(false),
  refresh_token_rotation: z.boolean().default(false),
  token_revocation: z.boolean().default(true),
  read_attributes: z.array(z.string()).optional(),
  access_token_validity: z.number().int().min(300).max(DAY).default(3600),
  refresh_token_validity: z
    .number()
    .int()
    .min(3600)
    .max(10 * YEAR)
    .default(30 * DAY),
});

const poolSchema = z.strictObject({
  region: z.string().regex(/^[a-z]{2}(-[a-z]+)+-\d$/, 'must be a region such as us-east-1'),
  pool_id: z.string().regex(/^[a-z]{2}(-[a-z]+)+-\d_[A-Za-z0-9]+$/, 'must look like us-east-1_LocalPool'),
  issuer_type: z.enum(['original', 'updated']).default('original'),
  issuer_mode: z.enum(['aws', 'local']).default('aws'),
  resource_servers: z
    .record(z.string().min(1), z.record(scopeName, z.string()).refine(...atMost(100, 'scopes')))
    .refine(...atMost(300, 'resource servers'))
    .default({}),
  groups: z.array(groupName).max(10_000).default([]),
  users: z.array(userSchema),
  clients: z.array(clientSchema).min(1),
});

/** A person in the seed file. */
export type SeedUser = z.output<typeof userSchema>;
/** An app client. Validities are in seconds. */
export type Client = Readonly<z.output<typeof clientSchema>>;
/** A user pool with its people, clients and resource servers. */
export type Seed = Readonly<z.output<typeof poolSchema>>;

/** The scopes of the pool's resource servers, as `<identifier>/<scope>`. */
export function customScopes(resourceServers: Seed['resource_servers']): Set<string> {
  return new Set(
    Object.entries(resourceServers).flatMap(([id, scopes]) => Object.keys(scopes).map((s) => `${id}/${s}`)),
  );
}

const seedSchema = poolSchema.superRefine((seed, ctx) => {
  const fault = (path: (string | number)[], message: string) => ctx.addIssue({ code: 'custom', path, message });
  if (!seed.pool_id.startsWith(`${seed.region}_`)) fault(['pool_id'], `must start with the region, ${seed.region}_`);
  for (const [path, message] of repeated(seed)) fault(path, message);
  seed.users.forEach((user, i) => {
    user.groups.forEach((group, g) => {
      if (!seed.groups.includes(group)) fault(['users', i, 'groups', g], `group "${group}" is not listed under groups`);
    });
  });
  const custom = customScopes(seed.resource_servers);
  seed.clients.forEach((client, i) => {
    for (const [key, message] of clientFaults(client)) fault(['clients', i, key], message);
    client.scopes.forEach((scope, s) => {
      if (![...OIDC_SCOPES, ADMIN_SCOPE].includes(scope) && !custom.has(scope))
        fault(['clients', i, 'scopes', s], `scope "${scope}" is not defined by any resource server`);
    });
  });
});

function* repeated({ users, clients, groups }: Seed): Generator<[(string | number)[], string]> {
  const names: [values: string[], pathOf: (index: number) => (string | number)[]][] = [
    [groups, (i) => ['groups', i]],
    [users.map((user) => user.username), (i) => ['users', i, 'username']],
    [users.map((user) => user.sub), (i) => ['users', i, 'sub']],
    [clients.map((client) => client.id), (i) => ['clients', i, 'id']],
    ...users.map((user, u): (typeof names)[number] => [user.groups, (i) => ['users', u, 'groups', i]]),
    ...clients.map((client, c): (typeof names)[number] => [client.scopes, (i) => ['clients', c, 'scopes', i]]),
  ];
  for (const [values, pathOf] of names)
    for (const [i, value] of values.entries())
      if (values.indexOf(value) !== i) yield [pathOf(i), `"${value}" is there twice`];
}

function* clientFaults(client: Client): Generator<[string, string]> {
  if (client.flows.includes('client_credentials') && !client.secret)
    yield ['flows', 'client_credentials needs a secret'];
  if (client.flows.includes('code') && client.callback_urls.length === 0) yield ['flows', 'code needs callback_urls'];
  // Like Cognito: a machine's client cannot also sign people in.
  if (client.flows.length > 1) yield ['flows', 'code and client_credentials cannot be together'];
}

/**
 * @param text YAML
 * @throws {ConfigError} with every fault, each as `line 31: users[1].groups[0]: what is wrong`
 */
export function parseSeed(text: string): Seed {
  return parseYaml(text, seedSchema, { subject: 'The seed file', aliases: true });
}

/** @throws {ConfigError} if the file cannot be read, or with all its faults */
export function readSeed(path: string): Seed {
  return readConfigFile('COGNITO_SEED_FILE', path, parseSeed);
}

/**
 * Registers further gateways.
 * @param origins their public origins (`http://localhost:8081`)
 * @returns the pool whose gateway client also knows `<origin>/oauth2/callback/cognito` and `<origin>/login`
 * @throws {ConfigError} if there are origins and no client has `gateway: true`
 */
export function addGateways(seed: Seed, origins: readonly string[]): Seed {
  if (origins.length === 0) return seed;
  if (!seed.clients.some((c) => c.gateway))
    throw new ConfigError(['COGNITO_EXTRA_GATEWAY_URLS: no client of the seed file is marked "gateway: true"']);
  const clients = seed.clients.map((client) =>
    client.gateway
      ? {
          ...client,
          callback_urls: [...client.callback_urls, ...origins.map((o) => `${o}/oauth2/callback/cognito`)],
          logout_urls: [...client.logout_urls, ...origins.map((o) => `${o}/login`)],
        }
      : client,
  );
  return { ...seed, clients };
}
