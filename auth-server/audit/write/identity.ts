import { randomBytes, randomInt } from 'node:crypto';
import { hostname } from 'node:os';
import { importWriter } from '../store/schema.ts';

/** Who writes: one start of one process. */
export interface WriterIdentity {
  /** A random number of 31 bits. */
  id: number;
  /** 128 random bits in hex. */
  name: string;
  host: string;
  pid: number;
  /** Milliseconds since 1970. */
  startedAt: number;
}

/** The identity of a writer that begins now. */
export function newIdentity(): WriterIdentity {
  const [id, name] = [randomInt(importWriter + 1, 2 ** 31 - 1), randomBytes(16).toString('hex')];
  return { id, name, host: hostname(), pid: process.pid, startedAt: Date.now() };
}
