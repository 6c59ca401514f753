import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

/** Whether nginx accepted the current routes. `unknown`: no answer within the time limit. */
export type RouteOutcome = { state: 'ok' | 'unknown' } | { state: 'refused'; reason: string };

const lookMilliseconds = 50;

/**
 * Waits for the answer of `nginx/reload` about the current routes file.
 * @param folder of `routes`, `routes.status` (`ok CHECKSUM`, or `refused CHECKSUM reason`) and `routes.built` (CHECKSUM
 *   of the routes that nginx started with)
 */
export async function routeOutcome(folder: string, milliseconds: number): Promise<RouteOutcome> {
  const end = performance.now() + milliseconds;
  for (;;) {
    const outcome = await lookAt(folder);
    if (outcome) return outcome;
    if (performance.now() > end) return { state: 'unknown' };
    await sleep(lookMilliseconds);
  }
}

async function lookAt(folder: string): Promise<RouteOutcome | undefined> {
  const read = (name: string) => readFile(join(folder, name)).catch(() => Buffer.alloc(0));
  const [routes, status, built] = await Promise.all(['routes', 'routes.status', 'routes.built'].map(read));
  const sum = cksum(routes ?? Buffer.alloc(0));
  const [, state, of, reason] = /^(ok|refused) (\S+) ?(.*)$/m.exec(String(status)) ?? [];
  if (of === undefined) return String(built).trim() === sum ? { state: 'ok' } : undefined;
  if (of !== sum) return undefined;
  return state === 'ok' ? { state } : { state: 'refused', reason: reason?.slice(0, 300) || 'it gave no reason' };
}

const table = Uint32Array.from({ length: 256 }, (_, byte) => {
  let rest = byte << 24;
  for (let bit = 0; bit < 8; bit++) rest = rest < 0 ? (rest << 1) ^ 0x04c11db7 : rest << 1;
  return rest;
});

/**
 * Returns the output of `cksum | tr ' ' -` for these bytes: CRC and length (POSIX.1-2024, cksum).
 * zlib's CRC is different: it reverses the bits and omits the length.
 */
export function cksum(bytes: Uint8Array): string {
  let crc = 0;
  const add = (byte: number) => {
    crc = (crc << 8) ^ (table[(crc >>> 24) ^ byte] ?? 0);
  };
  for (const byte of bytes) add(byte);
  for (let rest = bytes.length; rest > 0; rest = Math.floor(rest / 256)) add(rest & 0xff);
  return `${~crc >>> 0}-${bytes.length}`;
}
