import { setTimeout as sleep } from 'node:timers/promises';
import { complete, listTools, mcpPath, rpc, type Sent, type Target } from '../case.ts';
import { collect } from './collect.ts';

/** A caller who has nothing to do with the hostile server. */
interface Bystander {
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

const longestMilliseconds = 30_000;
const pauseMilliseconds = 40;

/**
 * Those who call a tool, list tools, open a stream and read a page of the registry.
 * @param target an honest server, and a tool of it
 * @param few a token that may list the server's tools, `many` one that may call the tool, `cookie` of a person
 */
export function bystandersOf(target: Target, few: string, many: string, cookie: string): readonly Bystander[] {
  const bearer = (token: string) => ({ authorization: `Bearer ${token}` });
  const call = rpc('tools/call', { name: target.tool, arguments: target.args });
  const get = (path: string, headers: Record<string, string>): Sent => ({ method: 'GET', path, headers });
  return [
    { name: 'calls a tool', sent: complete(target, { path: mcpPath(target), body: call }, bearer(many)) },
    { name: 'lists tools', sent: complete(target, { path: mcpPath(target), body: listTools }, bearer(few)) },
    {
      name: 'opens a stream',
      sent: get(`/${target.server}/sse`, { accept: 'text/event-stream', ...bearer(many) }),
      until: 'sessionId=',
    },
    { name: 'reads a page of the registry', sent: get('/servers/mcpgw', { accept: 'text/html', cookie }) },
  ];
}

/** Lets every bystander send one request after another until the signal comes. */
export function watch(url: URL, bystanders: readonly Bystander[], signal: AbortSignal): Promise<Met[]> {
  return Promise.all(
    bystanders.map(async ({ name, sent, until }) => {
      const met: Met = { name, times: [], refused: {} };
      while (!signal.aborted) {
        const { status, milliseconds } = await collect(url, sent, longestMilliseconds, undefined, until);
        if (status === 200) met.times.push(milliseconds);
        else met.refused[status] = (met.refused[status] ?? 0) + 1;
        await sleep(pauseMilliseconds);
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
