import { type Answer, type Sent, send } from '../support/gateway/send.ts';

/** One kind of request in the load: the caller, the request and the expected answer. */
export interface Kind {
  name: string;
  request: Sent;
  /** `200`, or the only correct denial, such as `200 not_permitted`. */
  due: string;
}

/** One answer. Times are those of performance.now(), in milliseconds. */
export interface Result {
  kind: Kind;
  started: number;
  ended: number;
  /** `200`, `503 authorization_unavailable`, or `lost ECONNRESET` if no answer came. */
  got: string;
}

/** A steady load that runs until it is stopped. */
export interface Load {
  results: Result[];
  /** Unexpected answers to requests that began in this span. */
  unexpected(since: number, until?: number): Result[];
  /** Stops sending requests, and resolves when every answer has arrived. */
  stop(): Promise<void>;
}

/**
 * Sends requests of all kinds in turn, without waiting for earlier answers: a hanging gateway must not slow down the
 * load.
 * @param each milliseconds from one request to the next
 */
export function startLoad(port: number, kinds: readonly Kind[], each = 25): Load {
  const results: Result[] = [];
  const running = new Set<Promise<void>>();
  let next = 0;
  const timer = setInterval(() => {
    const kind = kinds[next++ % kinds.length];
    if (!kind) return;
    const started = performance.now();
    const one = send(port, kind.request)
      .then(nameOf, (error: NodeJS.ErrnoException) => `lost ${error.code ?? error.message}`)
      .then((got) => void results.push({ kind, started, ended: performance.now(), got }));
    running.add(one);
    void one.finally(() => running.delete(one));
  }, each);
  return {
    results,
    unexpected: (since, until = Number.POSITIVE_INFINITY) =>
      results.filter(({ kind, started, got }) => started >= since && started < until && got !== kind.due),
    async stop() {
      clearInterval(timer);
      await Promise.all(running);
    },
  };
}

/** Status and reason of an answer in either of the gateway's two formats. */
export function nameOf({ status, body }: Pick<Answer, 'status' | 'body'>): string {
  // A refusal of one call has the status 200.
  const reason = reasonIn(body);
  return reason ? `${status} ${reason}` : String(status);
}

function reasonIn(body: string): string | undefined {
  try {
    const { error } = JSON.parse(body) as { error?: { code?: unknown; data?: { reason?: string } } };
    return error?.data?.reason ?? (typeof error?.code === 'string' ? error.code : undefined);
  } catch {
    return undefined;
  }
}

/** The requests that were allowed and must not be. No fault may cause any. */
export function wronglyAllowed(results: readonly Result[]): Result[] {
  return results.filter(({ kind, got }) => kind.due !== '200' && /^[23]\d\d$/.test(got));
}
