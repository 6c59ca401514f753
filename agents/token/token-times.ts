import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import * as z from 'zod';

const windowSeconds = 600;
const mostInWindow = 20;
const timesSchema = z.record(z.string(), z.array(z.number()));

/**
 * Records that a token was fetched, and warns if an agent seems to fetch one per call: Cognito bills every token
 * (Amazon Cognito pricing, machine-to-machine).
 * @param file the recorded times (JSON, Unix seconds by client id; no tokens). An invalid or read-only file is ignored:
 *   counting must never keep an agent from its token
 * @param now Unix seconds
 * @returns a warning, or undefined
 */
export function noteFetch(file: string, clientId: string, now: number): string | undefined {
  const times = readTimes(file);
  const recent = [...(times[clientId] ?? []).filter((time) => time > now - windowSeconds), now];
  try {
    mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
    writeFileSync(file, JSON.stringify({ ...times, [clientId]: recent.slice(-1000) }), { mode: 0o600 });
  } catch {
    return undefined;
  }
  if (recent.length <= mostInWindow) return undefined;
  const minutes = windowSeconds / 60;
  return `Agent ${clientId} fetched ${recent.length} tokens in ${minutes} min, and Cognito bills each: keep one until it expires.`;
}

function readTimes(file: string): Record<string, number[]> {
  try {
    return timesSchema.parse(JSON.parse(readFileSync(file, 'utf8')));
  } catch {
    return {};
  }
}
