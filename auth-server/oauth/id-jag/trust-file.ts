import type { JWK } from 'jose';
import * as z from 'zod';
import { parseYaml } from '../../../common/files/yaml-file.ts';

/** An identity provider whose assertions the gateway accepts, and the clients that may bring them. */
export interface TrustedIssuer {
  issuer: string;
  /** Whose people it names: its own, under a prefix, or those of the provider `oidc`. */
  people: { prefix: string } | 'oidc';
  /** The claim with the groups. */
  groupsClaim: string;
  /** Its public keys; or where they are; with neither, its discovery document says where. */
  jwks: { keys: JWK[] } | undefined;
  jwksUri: string | undefined;
  clients: readonly { id: string /** SHA-256 of the secret. */; digest: Buffer }[];
}

/** The providers of logins have these subjects already. */
const takenPrefixes = ['oidc', 'local'];

const text = z.string('must be text').min(1, 'must not be empty').max(255, 'must have at most 255 characters');
const address = z
  .url({ protocol: /^https$/, error: 'must be an https URL' })
  .refine((value) => !/[?#@]/.test(value), 'must have no query, fragment or user name');
const publicKey = z
  .looseObject({ kty: z.enum(['RSA', 'EC', 'OKP'], 'must be RSA, EC or OKP') }, 'must be a key (RFC 7517)')
  .refine((key) => !('d' in key), 'is a private key; write its public half');
const client = z.strictObject({
  id: text,
  secret_sha256: z
    .string('must be 64 hexadecimal digits, in quotes')
    .regex(/^[0-9a-f]{64}$/i, 'must be 64 hexadecimal digits, in quotes'),
});
const trustedIssuer = z
  .strictObject({
    issuer: address,
    subject_prefix: z
      .string()
      .regex(/^[a-z0-9][a-z0-9-]{0,31}$/, 'must be 1 to 32 of a-z 0-9 - and start with a letter or digit')
      .refine((prefix) => !takenPrefixes.includes(prefix), 'belongs to other logins; choose another one')
      .optional(),
    same_people_as: z.literal('oidc', 'must be oidc').optional(),
    groups_claim: text.default('groups'),
    jwks: z.strictObject({ keys: z.array(publicKey).min(1, 'must not be empty') }).optional(),
    jwks_uri: address.optional(),
    clients: z.array(client, 'must be a list of clients').min(1, 'must not be empty'),
  })
  .refine((each) => (each.subject_prefix === undefined) !== (each.same_people_as === undefined), {
    error: 'must have exactly one of subject_prefix and same_people_as',
  })
  .refine((each) => each.jwks === undefined || each.jwks_uri === undefined, {
    error: 'must have at most one of jwks and jwks_uri',
  })
  .refine(({ clients }) => isEachOnce(clients.map(({ id }) => id)), { error: 'must not repeat a client' });
const file = z
  .array(trustedIssuer, 'must be a list of issuers')
  .min(1, 'must not be empty')
  .refine((all) => isEachOnce(all.map(({ issuer }) => issuer)), 'must not repeat an issuer')
  .refine((all) => isEachOnce(all.flatMap((each) => each.subject_prefix ?? [])), 'must not repeat a subject_prefix');

/**
 * Reads the file of trusted issuers (docs/clients.md): a YAML list.
 * @throws {ConfigError} with every fault, such as `line 2: [0].issuer: must be an https URL`
 */
export function parseTrustedIssuers(source: string): TrustedIssuer[] {
  return parseYaml(source, file, { subject: 'The trusted issuers' }).map((each) => ({
    issuer: each.issuer,
    people: each.subject_prefix === undefined ? 'oidc' : { prefix: each.subject_prefix },
    groupsClaim: each.groups_claim,
    jwks: each.jwks as { keys: JWK[] } | undefined,
    jwksUri: each.jwks_uri,
    clients: each.clients.map(({ id, secret_sha256 }) => ({ id, digest: Buffer.from(secret_sha256, 'hex') })),
  }));
}

function isEachOnce(values: readonly string[]): boolean {
  return new Set(values).size === values.length;
}
