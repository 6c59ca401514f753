import { hash } from 'node:crypto';

/** Bytes of a digest and of a link. */
export const digestBytes = 32;

/**
 * What the chain runs over instead of a record: the salt makes it useless to guess a person's records from their digests once
 * record and salt are erased.
 * @param salt 16 random bytes of this record
 * @param text the record, exactly as it is stored
 * @returns SHA-256(salt ‖ text), 32 bytes
 */
export function digestOf(salt: Uint8Array, text: string): Buffer {
  return hash('sha256', Buffer.concat([salt, Buffer.from(text)]), 'buffer');
}

/**
 * The link of a record: it stands for this record and all before it of the same writer.
 * @param previous the link of the record before; of the first record {@link genesis}
 * @param number the record's number, from 1
 * @param digest see {@link digestOf}
 * @returns SHA-256(previous ‖ number as 8 bytes, big endian ‖ digest), 32 bytes
 */
export function linkOf(previous: Uint8Array, number: number, digest: Uint8Array): Buffer {
  const counted = Buffer.alloc(8);
  counted.writeBigUInt64BE(BigInt(number));
  return hash('sha256', Buffer.concat([previous, counted, digest]), 'buffer');
}

/**
 * The link before a writer's first record.
 * @param name the writer's name, 128 random bits in hex
 * @returns SHA-256(name), 32 bytes
 */
export function genesis(name: string): Buffer {
  return hash('sha256', name, 'buffer');
}
