import { hash } from 'node:crypto';

/** Bytes of a digest and of a link. */
export const digestBytes = 32;
const numberBytes = 8;

/**
 * What the chain runs over instead of a record: the salt makes it useless to guess a person's records from their digests once
 * record and salt are erased.
 * @param salt 16 random bytes of this record
 * @param text the record, exactly as it is stored
 * @returns SHA-256(salt ‖ text), 32 bytes
 */
export function digestOf(salt: Uint8Array, text: string): Buffer {
  const bytes = Buffer.allocUnsafe(salt.length + Buffer.byteLength(text));
  bytes.set(salt);
  bytes.write(text, salt.length);
  return sha256(bytes);
}

/**
 * The link of a record: it stands for this record and all before it of the same writer.
 * @param previous the link of the record before; of the first record {@link genesis}
 * @param number the record's number, from 1
 * @param digest see {@link digestOf}
 * @returns SHA-256(previous ‖ number as 8 bytes, big endian ‖ digest), 32 bytes
 */
export function linkOf(previous: Uint8Array, number: number, digest: Uint8Array): Buffer {
  const bytes = Buffer.allocUnsafe(previous.length + numberBytes + digest.length);
  bytes.set(previous);
  bytes.writeUInt32BE(Math.floor(number / 2 ** 32), previous.length);
  bytes.writeUInt32BE(number % 2 ** 32, previous.length + 4);
  bytes.set(digest, previous.length + numberBytes);
  return sha256(bytes);
}

/**
 * The link before a writer's first record.
 * @param name the writer's name, 128 random bits in hex
 * @returns SHA-256(name), 32 bytes
 */
export function genesis(name: string): Buffer {
  return hash('sha256', name, 'buffer');
}

/** As `hash('sha256', bytes, 'buffer')`, in half the time: a short Buffer of a text comes from a pool. */
function sha256(bytes: Uint8Array): Buffer {
  return Buffer.from(hash('sha256', bytes, 'latin1'), 'latin1');
}
