import { Agent, type IncomingMessage, request as send } from 'node:http';
import { BrokerError, rpcCode } from '../errors.ts';
import type { Asking, Member } from '../exchange.ts';
import { limits } from '../limits.ts';

/** nginx keeps idle connections longer (nginx/render), so that it closes none on which a call is being sent. */
const idleMilliseconds = 5_000;

/** One HTTP request to the endpoint of a member. */
export interface GateRequest {
  method?: 'POST' | 'GET' | 'DELETE';
  body?: Uint8Array;
  headers?: Readonly<Record<string, string | undefined>>;
  signal?: AbortSignal | undefined;
  /** At the gate; the member's streamable endpoint unless given. */
  path?: string;
}

/** A member, and how it is reached. */
export type GateTarget = Pick<Member, 'server' | 'transport'>;

/** Asks the members of a broker, through the gate. */
export interface Gate {
  /**
   * Sends a request as its caller. The gate judges it as if the caller had come.
   * @returns the answer when it begins; its body must be read or destroyed
   * @throws {BrokerError} if the gate does not answer
   */
  ask(asking: Asking, to: GateTarget, request: GateRequest): Promise<IncomingMessage>;
}

/**
 * The gate's listener for brokers. Uses `http.request` because `fetch` sets no `Host`.
 * @param origin of the listener (`BROKER_GATE_URL`)
 * @param publicUrl the gateway's public URL, whose host the gate expects
 */
export function createGate(origin: string, publicUrl: string): Gate {
  const { hostname, port } = new URL(origin);
  const { host } = new URL(publicUrl);
  const agent = new Agent({ keepAlive: true, maxFreeSockets: 256, timeout: idleMilliseconds });
  const open = new Map<string, number>();
  let all = 0;

  return {
    async ask({ owner, delegation, traceparent }, { server }, request) {
      // Once round the event loop, so that the agent knows of the connections that nginx has closed: before 1.27.4 it closes all
      // idle ones when it loads routes. A call that meets the end of one cannot be repeated: it may have been passed on.
      await onceRound();
      const { method = 'POST', body, headers, signal, path = `/${server}/mcp` } = request;
      const own = open.get(owner) ?? 0;
      if (all >= limits.requests || own >= limits.requestsPerCaller)
        throw new BrokerError(rpcCode.busy, 'The gateway passes on too many calls at the moment. Try again.');
      const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>();
      const out = send({
        host: hostname,
        port,
        agent,
        method,
        path,
        headers: {
          host,
          authorization: `Bearer ${delegation}`,
          accept: method === 'GET' ? 'text/event-stream' : 'application/json, text/event-stream',
          ...(traceparent !== undefined && { traceparent }),
          ...(body && { 'content-type': 'application/json', 'content-length': body.length }),
          ...Object.fromEntries(Object.entries(headers ?? {}).filter(([, value]) => value !== undefined)),
        },
      });
      // Not by the option `signal`, which costs as much as two thirds of the rest of the request.
      const abort = () => out.destroy(signal?.reason);
      if (signal?.aborted) abort();
      else signal?.addEventListener('abort', abort, { once: true });
      all++;
      open.set(owner, own + 1);
      out.once('close', () => {
        signal?.removeEventListener('abort', abort);
        all--;
        const left = (open.get(owner) ?? 1) - 1;
        if (left === 0) open.delete(owner);
        else open.set(owner, left);
      });
      out.once('response', resolve);
      out.once('error', (cause) => {
        const aborted = signal?.aborted ? signal.reason : undefined;
        reject(
          aborted ??
            new BrokerError(rpcCode.unavailable, 'The gate does not answer at the moment. Try again.', { cause }),
        );
      });
      out.end(body);
      return await promise;
    },
  };
}

/** Resolves when the event loop has looked at all connections once more. */
function onceRound(): Promise<void> {
  return new Promise((resolve) => setImmediate(() => setImmediate(resolve)));
}
