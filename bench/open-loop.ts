import { Agent, request } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Shot } from './wrk.ts';

/** Latency in milliseconds. */
export type Latency = Record<'p50' | 'p99' | 'p999', number>;

/**
 * Sends requests at a fixed rate and measures each from the moment it was due. wrk sends the next request only after the
 * last answer (coordinated omission), which hides the latency we want to see.
 */
export async function atRate(shot: Shot, perSecond: number, seconds: number): Promise<Latency> {
  const agent = new Agent({ keepAlive: true, maxSockets: 128 });
  const took: number[] = [];
  const running = new Set<Promise<void>>();
  const begin = performance.now() + 200;
  const total = Math.round(perSecond * seconds);
  for (let sent = 0; sent < total; ) {
    const due = Math.min(total, Math.floor(((performance.now() - begin) * perSecond) / 1000));
    for (; sent < due; sent++) {
      const at = begin + (sent * 1000) / perSecond;
      const one = ask(shot, agent).then(() => void took.push(performance.now() - at));
      running.add(one);
      void one.finally(() => running.delete(one));
    }
    await sleep(1);
  }
  await Promise.all(running);
  agent.destroy();
  // Skip the first requests: they pay for connections and cold code.
  const sorted = took.slice(Math.floor(took.length / 10)).sort((a, b) => a - b);
  const at = (part: number) => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))] ?? Number.NaN;
  return { p50: at(0.5), p99: at(0.99), p999: at(0.999) };
}

/** One request; resolves with the status once the answer is there. */
export function ask({ url, headers, body }: Pick<Shot, 'url' | 'headers' | 'body'>, agent: Agent): Promise<number> {
  return new Promise((resolve, reject) => {
    const all = { ...headers, 'content-length': Buffer.byteLength(body) };
    const asked = request(url, { method: 'POST', agent, headers: all }, (answer) => {
      answer.resume().on('end', () => resolve(answer.statusCode ?? 0));
    });
    asked.on('error', reject);
    asked.end(body);
  });
}
