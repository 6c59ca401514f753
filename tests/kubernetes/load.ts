import { request } from 'node:https';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Answer, Place } from '../compose/visit.ts';

/** What a load has seen. Times are seconds. */
export interface Seen {
  calls: number;
  /** The answers that are not the result, and the calls without an answer. */
  refused: string[];
  /** From the first call that failed to the end of the last one that did: 0 if none failed. */
  span: number;
  slowest: number;
}

/** Calls that begin at a steady pace, whether or not earlier ones have been answered. */
export interface Load {
  /** Stops, waits for the answers, and returns what was seen. */
  stop(): Promise<Seen>;
}

/**
 * Starts a load.
 * @param call one call, on a connection of its own
 * @param good whether the answer is the result
 */
export function startLoad(
  call: (count: number) => Promise<Answer>,
  good: (answer: Answer) => boolean,
  each = 100,
): Load {
  const seen: Seen = { calls: 0, refused: [], span: 0, slowest: 0 };
  const running = new Set<Promise<void>>();
  let firstFailure = 0;
  const one = async (count: number) => {
    const began = performance.now();
    const failure = await call(count).then(
      (answer) => (good(answer) ? undefined : `${answer.status} ${answer.text.slice(0, 200)}`),
      (error: Error) => error.message,
    );
    seen.slowest = Math.max(seen.slowest, (performance.now() - began) / 1000);
    if (failure === undefined) return;
    seen.refused.push(failure);
    firstFailure ||= began;
    seen.span = (performance.now() - firstFailure) / 1000;
  };
  const timer = setInterval(() => {
    const call = one(seen.calls++);
    running.add(call);
    void call.finally(() => running.delete(call));
  }, each);
  return {
    async stop() {
      clearInterval(timer);
      await Promise.all(running);
      return seen;
    },
  };
}

/** Streams whose clients open them again when they end, as MCP clients do. */
export interface Streams {
  /** How many are open. */
  open(): number;
  /** How often a stream was lost. */
  lost(): number;
  /** The longest time from an end to the next answer of 200, in seconds. */
  longestGap(): number;
  close(): void;
}

/** Opens streams of server-sent events and keeps them open. */
export function keepStreams({ url, ca }: Place, path: string, headers: object, count: number): Streams {
  const open = new Set<number>();
  let lost = 0;
  let longest = 0;
  let closed = false;
  const closers: (() => void)[] = [];
  const keep = async (index: number) => {
    for (let ended = performance.now(), first = true; !closed; ) {
      const began = await new Promise<boolean>((resolve) => {
        const options = { headers: { accept: 'text/event-stream', ...headers }, ca: ca ?? '', agent: false };
        const sent = request(url + path, options, (res) => {
          if (res.statusCode !== 200) return void res.resume().once('close', () => resolve(false));
          if (!first) longest = Math.max(longest, (performance.now() - ended) / 1000);
          open.add(index);
          res.on('error', () => undefined).once('close', () => resolve(true));
          res.resume();
        });
        closers[index] = () => sent.destroy();
        sent.setTimeout(0).once('error', () => resolve(open.has(index)));
        sent.end();
      });
      if (began) {
        open.delete(index);
        lost++;
        first = false;
        ended = performance.now();
      }
      if (!closed) await sleep(250);
    }
  };
  for (let index = 0; index < count; index++) void keep(index);
  return {
    open: () => open.size,
    lost: () => lost,
    longestGap: () => longest,
    close() {
      closed = true;
      for (const each of closers) each();
    },
  };
}
