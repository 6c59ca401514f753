import { once } from 'node:events';
import { type IncomingMessage, request } from 'node:http';
import * as z from 'zod';
import { OversizedEvent, parseEvent, splitEvents } from '../../../common/answers/event-stream.ts';
import type { Logger } from '../../../common/service/log.ts';
import { parseJson } from '../../../common/text/json.ts';

export const changeKinds = ['tools', 'prompts', 'resources'] as const;
export type ChangeKind = (typeof changeKinds)[number];

const change = z.object({
  servers: z.array(z.string()),
  kinds: z.array(z.enum(changeKinds)),
  policy: z.literal(true).optional(),
});

/** What may have changed in the lists of servers and sets, by name. With `policy`, in any list of any caller. */
export type Change = z.output<typeof change>;

/** What counts when it is not known what has changed. */
const anything: Change = { servers: [], kinds: [...changeKinds], policy: true };

/** The registry says every five seconds that it is alive. */
const silentMilliseconds = 15_000;
/** An assertion is valid for two minutes. */
const goodForMilliseconds = 100_000;
const retryMilliseconds = 1_000;
const longestEvent = 1_048_576;

/**
 * Makes the one feed by which the registry tells what has changed. It is opened with the assertion of a caller, as all that the
 * hub asks the registry, and stays open. If it breaks, it is opened again with the latest one; what was missed meanwhile
 * counts as a change of anything. If that one has expired, a change of anything is told as soon as the registry is back: a client
 * that listens asks for its lists then, which brings another one.
 */
export function createFeed(registryUrl: string, onChange: (change: Change) => void, log: Logger) {
  let assertion: { text: string; at: number } | undefined;
  let connection: AbortController | undefined;
  let isLive = false;
  let wasLive = false;
  let retry: NodeJS.Timeout | undefined;
  let isStopped = false;

  const read = async (text: string, signal: AbortSignal, alive: () => void): Promise<void> => {
    const headers = { Accept: 'text/event-stream', 'X-Mcp-Assertion': text };
    const out = request(new URL('/api/hub/changes', registryUrl), { headers, signal }).end();
    // It is open as long as the hub runs, and is no reason to run.
    out.once('socket', (socket) => socket.unref());
    const [response] = (await once(out, 'response')) as [IncomingMessage];
    if (response.statusCode !== 200) {
      response.destroy();
      throw new Refused(`the registry answered ${response.statusCode}`);
    }
    isLive = true;
    if (wasLive) onChange(anything);
    wasLive = true;
    const chunks = eachTelling(response, alive);
    for await (const event of splitEvents(chunks, longestEvent)) {
      const data = event instanceof OversizedEvent ? event : parseEvent(event).data;
      if (data === undefined) continue;
      const parsed = change.safeParse(Buffer.isBuffer(data) ? parseJson(String(data)) : undefined);
      onChange(parsed.data ?? anything);
    }
  };
  const connect = async (text: string): Promise<void> => {
    const own = new AbortController();
    connection = own;
    const timer = setTimeout(() => own.abort(new Error('the registry was silent')), silentMilliseconds).unref();
    const reason = await read(text, own.signal, () => timer.refresh()).then(
      () => 'the registry ended it',
      (error: unknown) => error,
    );
    clearTimeout(timer);
    connection = undefined;
    isLive = false;
    if (isStopped) return;
    log.debug({ reason: String(reason) }, 'the feed of changes is closed');
    if (reason instanceof Refused && !isFresh()) return onChange(anything);
    retry = setTimeout(open, retryMilliseconds).unref();
  };
  const isFresh = () => assertion !== undefined && performance.now() - assertion.at < goodForMilliseconds;
  const open = (): void => {
    retry = undefined;
    if (assertion) void connect(assertion.text);
  };

  return {
    /** Opens the feed, unless it is open or about to be. @param text the assertion of a caller whose request is here now */
    follow(text: string): void {
      if (isStopped) return;
      assertion = { text, at: performance.now() };
      if (!connection && !retry) open();
    },
    /** Whether changes are being told. If not, nothing may be kept. */
    isLive: () => isLive,
    stop(): void {
      isStopped = true;
      clearTimeout(retry);
      connection?.abort();
    },
  };
}

/** The registry is there, and does not open the feed. */
class Refused extends Error {
  override readonly name = 'Refused';
}

async function* eachTelling(body: AsyncIterable<Uint8Array>, alive: () => void): AsyncGenerator<Uint8Array> {
  for await (const chunk of body) {
    alive();
    yield chunk;
  }
}
