import { type Hash, hash } from 'node:crypto';
import { CompactSign, compactVerify, decodeProtectedHeader, importJWK, type JWK } from 'jose';
import * as z from 'zod';

const number = z.int().min(1);
const link = z.base64url().length(43);
const place = { name: z.string().min(1), from: number, to: number };
const time = z.int().min(0);

const common = {
  /** The gateway's address. */
  iss: z.string(),
  /** From 1, without gaps. */
  seq: number,
  /** {@link statementDigest} of the statement before; null for the first. */
  prev: link.nullable(),
  /** When it was made, in milliseconds since 1970. */
  at: time,
};

const head = z.strictObject({
  ...common,
  kind: z.literal('head'),
  /** Where the chain of each writer stands that has written since the head before. */
  writers: z.array(z.strictObject({ name: place.name, number, link, finished: z.boolean() })),
});

const dropped = z.strictObject({
  ...common,
  kind: z.literal('dropped'),
  day: z.iso.date(),
  /** The records of that day: each run of numbers, and the link of its last record. */
  ranges: z.array(z.strictObject({ ...place, link })),
});

const erased = z.strictObject({
  ...common,
  kind: z.literal('erased'),
  /** Records of a person that were erased: runs of numbers, and what is left of all of them ({@link addRest}). */
  writers: z.array(z.strictObject({ name: place.name, runs: z.array(z.tuple([number, number])), rest: link })),
  /** The digests of their groups and scopes, which are gone too. */
  callers: z.array(link),
});

const statement = z.discriminatedUnion('kind', [head, dropped, erased]);

/** What the gateway signs about the audit's records. Digests and links are in base64url. */
export type Statement = z.output<typeof statement>;
export type HeadEntry = z.output<typeof head>['writers'][number];
export type DroppedRange = z.output<typeof dropped>['ranges'][number];
export type ErasedEntry = z.output<typeof erased>['writers'][number];

/** What only the maker of a statement knows; the rest follows from the statement before. */
export type StatementBody = Body<Statement>;
type Body<One> = One extends unknown ? Omit<One, 'iss' | 'seq' | 'prev' | 'at'> : never;

/** Explicit (RFC 8725 section 3.11), so that no other token of the gateway can be taken for a statement. */
const typ = 'audit-statement+jwt';
const statementAlgorithm = 'EdDSA';

/**
 * Signs a statement.
 * @returns a compact JWS (RFC 7515), EdDSA (RFC 8037)
 */
export async function signStatement(
  body: Statement,
  key: { kid: string; key: CryptoKey | Uint8Array },
): Promise<string> {
  const text = new TextEncoder().encode(JSON.stringify(statement.parse(body)));
  return await new CompactSign(text).setProtectedHeader({ alg: statementAlgorithm, kid: key.kid, typ }).sign(key.key);
}

/** @returns SHA-256 of the JWS, in base64url */
export function statementDigest(jws: string): string {
  return hash('sha256', jws, 'base64url');
}

/** Why a text is not a statement of this gateway. */
export type StatementFault = 'unknown key' | 'wrong signature' | 'not a statement';

export type StatementReader = (jws: string) => Promise<Statement | StatementFault>;

/**
 * Reads statements and checks their signatures.
 * @param keys the public keys that count (Ed25519)
 */
export async function createStatementReader(keys: readonly JWK[]): Promise<StatementReader> {
  const known = new Map<unknown, CryptoKey | Uint8Array>();
  for (const jwk of keys) known.set(jwk.kid, await importJWK(jwk, statementAlgorithm));
  return async (jws) => {
    try {
      const header = decodeProtectedHeader(jws);
      if (header.typ !== typ) return 'not a statement';
      const key = known.get(header.kid);
      if (!key) return 'unknown key';
      const { payload } = await compactVerify(jws, key, { algorithms: [statementAlgorithm] }).catch(() => ({
        payload: undefined,
      }));
      if (!payload) return 'wrong signature';
      return statement.parse(JSON.parse(new TextDecoder().decode(payload)));
    } catch {
      return 'not a statement';
    }
  };
}

/**
 * Adds what is left of an erased record to the digest of all that a statement names of its writer, so that it cannot be changed
 * afterwards.
 * @param rest SHA-256 over these texts in the order of their numbers, each after its length in bytes (8 bytes, big endian)
 */
export function addRest(rest: Hash, text: string): void {
  const bytes = Buffer.from(text);
  const length = Buffer.alloc(8);
  length.writeBigUInt64BE(BigInt(bytes.length));
  rest.update(length).update(bytes);
}
