import { setTimeout as sleep } from 'node:timers/promises';
import { Worker } from 'node:worker_threads';
import { complete, listTools, mcpPath, rpc, type Sent, type Target } from '../case.ts';
import { collect } from './collect.ts';

/** A caller who has nothing to do with the hostile server. */
export interface Bystander {
  name: string;
  sent: Sent;
  /** Text after which the answer counts as given, for streams. */
  until?: string;
}

/** What one bystander met in a time. Times are in milliseconds. */
export interface Met {
  name: string;
  times: number[];
  /** Answers that were no success, by status; 0 is none at all. */
  refused: Record<string, number>;
}

/** Who shows how busy the machine itself is. */
export const machine = 'asks no gateway, but this machine';
const longestMilliseconds = 30_000;

/** Session cookies of people who do not use the hostile server. */
export interface BystanderCookies {
  /** May list the honest server's tools. */
  lists: string;
  /** May call its tools. */
  calls: string;
  /** May read the registry. */
  reads: string;
}

/** Those who call a tool, list tools, open a stream and read a page of the registry. @param target an honest server */
export function bystandersOf(target: Target, { lists, calls, reads }: BystanderCookies): readonly Bystander[] {
  const path = mcpPath(target);
  const call = rpc('tools/call', { name: target.tool, arguments: target.args });
  const get = (from: string, accept: string, cookie: string): Sent => ({
    method: 'GET',
    path: from,
    headers: { accept, cookie },
  });
  return [
    { name: 'calls a tool', sent: complete(target, { path, body: call }, { cookie: calls }) },
    { name: 'lists tools', sent: complete(target, { path, body: listTools }, { cookie: lists }) },
    {
      name: 'opens a stream',
      sent: get(`/${target.server}/sse`, 'text/event-stream', calls),
      until: 'sessionId=',
    },
    { name: 'reads a page of the registry', sent: get('/servers/mcpgw', 'text/html', reads) },
  ];
}

/** {@link watch} in a thread of its own. */
export function watchApart(
  url: URL,
  bystanders: readonly Bystander[],
  pause: number,
  signal: AbortSignal,
): Promise<Met[]> {
  const workerData = { url: url.href, bystanders, pause };
  const thread = new Worker(new URL('./bystander-thread.ts', import.meta.url), { workerData });
  if (signal.aborted) thread.postMessage('over');
  signal.addEventListener('abort', () => thread.postMessage('over'), { once: true });
  return new Promise((resolve, reject) => {
    thread.once('message', resolve);
    thread.once('error', reject);
  });
}

/**
 * Lets every bystander send one request after another until the signal comes.
 * @param pause between two requests of one bystander, in milliseconds
 */
export function watch(url: URL, bystanders: readonly Bystander[], pause: number, signal: AbortSignal): Promise<Met[]> {
  return Promise.all(
    bystanders.map(async ({ name, sent, until }) => {
      const met: Met = { name, times: [], refused: {} };
      while (!signal.aborted) {
        const { status, milliseconds } = await collect(url, sent, longestMilliseconds, undefined, until);
        if (status === 200) met.times.push(milliseconds);
        else met.refused[status] = (met.refused[status] ?? 0) + 1;
        await sleep(pause, undefined, { signal }).catch(() => undefined);
      }
      return met;
    }),
  );
}

/** The value below which this share of the times lies; 0 if there are none. */
export function percentile(times: readonly number[], share: number): number {
  const sorted = times.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0;
}

/** Puts what each bystander met in several times together. */
export function together(all: readonly (readonly Met[])[]): Met[] {
  const [first = []] = all;
  return first.map(({ name }, index) => {
    const each = all.flatMap((met) => met[index] ?? []);
    const refused: Record<string, number> = {};
    for (const { refused: some } of each)
      for (const [status, count] of Object.entries(some)) refused[status] = (refused[status] ?? 0) + count;
    return { name, times: each.flatMap(({ times }) => times), refused };
  });
}
