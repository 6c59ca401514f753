import type { Client } from '../client.ts';
import { BrokerError, rpcCode } from '../errors.ts';
import type { Asking, Exchange, Member } from '../exchange.ts';
import { limits } from '../limits.ts';
import { eraOf, type MemberRequest, type Members } from '../member.ts';
import { openStream, readUpdates, updated } from './streams.ts';
import { Updates } from './updates.ts';

/** What an old client has subscribed to at one member, and the streams that bring it. */
interface Standing {
  readonly updates: Updates;
  /** Of a member of the new era one stream for each resource, of the others one in all, under the empty key. */
  readonly streams: Map<string, Stream>;
  /** Calls that run, and hear what the member asks beside them. */
  hearing: number;
}

interface Stream {
  stop: AbortController;
  /** Settled when the stream is open, or could not be opened. */
  ready: Promise<void>;
}

/**
 * Updates of resources, and what a member of the old era asks while a call runs. Only for these a standing stream to a member is
 * open: changes of lists come from the registry.
 */
export class Subscriptions {
  readonly #members: Members;
  readonly #standing = new WeakMap<Client, Map<string, Standing>>();

  constructor(members: Members) {
    this.#members = members;
  }

  /**
   * Opens or closes what a `resources/subscribe` or `resources/unsubscribe` of an old client needs.
   * @throws {BrokerError} if the member refuses
   */
  async change(
    exchange: Exchange,
    client: Client,
    member: Member,
    { method, name = '' }: MemberRequest,
  ): Promise<void> {
    const isNew = eraOf(member, {}) === 'new';
    const standing = this.#of(client, member);
    const { updates, streams } = standing;
    const key = isNew ? name : '';
    if (method === 'resources/unsubscribe') {
      updates.uris.delete(name);
      if (isNew) stop(streams, key);
      else closeUnused(standing);
      return;
    }
    const all = this.#standing.get(client)?.values() ?? [];
    const count = [...all].reduce((sum, each) => sum + each.updates.uris.size, 0);
    if (count >= limits.subscriptions)
      throw new BrokerError(rpcCode.busy, `A client subscribes to ${limits.subscriptions} resources at most.`);
    updates.uris.add(name);
    try {
      await this.#keepOpen(exchange, client, member, standing, key);
    } catch (error) {
      updates.uris.delete(name);
      throw error;
    }
  }

  /**
   * Hears what a member of the old era asks on its standing stream while a call runs there. A member without sessions or without
   * such a stream asks on the stream of the call only.
   * @returns ends it
   */
  async hear(asking: Asking, client: Client, member: Member): Promise<() => void> {
    const standing = this.#of(client, member);
    const session = await this.#members.sessions.open(asking, client, member);
    if (session.id === undefined || session.isSilent) return () => undefined;
    standing.hearing++;
    const late = Promise.withResolvers<void>();
    const timer = setTimeout(() => late.reject(new Error('no stream')), limits.standingStream);
    try {
      await Promise.race([this.#keepOpen(asking, client, member, standing, ''), late.promise]);
    } catch (error) {
      // By status it is known whether another try may help: the gate or the member refuses this one.
      const isRefused = error instanceof BrokerError && error.status !== undefined && error.status !== 405;
      if (!isRefused) session.isSilent = true;
    } finally {
      clearTimeout(timer);
    }
    let isOver = false;
    return () => {
      if (!isOver) standing.hearing--;
      isOver = true;
      closeUnused(standing);
    };
  }

  #of(client: Client, { server }: Member): Standing {
    const all = this.#standing.get(client) ?? new Map<string, Standing>();
    this.#standing.set(client, all);
    const standing = all.get(server) ?? { updates: toSession(client), streams: new Map<string, Stream>(), hearing: 0 };
    all.set(server, standing);
    return standing;
  }

  /** Opens a stream, unless it is open. @param key the resource of a member of the new era, else empty */
  async #keepOpen(
    asking: Asking,
    client: Client,
    member: Member,
    { streams, updates }: Standing,
    key: string,
  ): Promise<void> {
    const kept = streams.get(key);
    if (kept) return await kept.ready;
    const controller = new AbortController();
    const wanted = { resourceSubscriptions: [key] };
    const close = () => {
      controller.abort();
      if (streams.get(key)?.stop === controller) streams.delete(key);
    };
    const open = async () => {
      try {
        const sent = await openStream(this.#members, asking, client, member, wanted, controller.signal);
        void readUpdates(client, member, sent, updates).finally(close);
      } catch (error) {
        close();
        throw error;
      }
    };
    const ready = open();
    streams.set(key, { stop: controller, ready });
    await ready;
  }

  /** Ends the streams of a client whose session is over. */
  end(client: Client): void {
    for (const { streams } of this.#standing.get(client)?.values() ?? [])
      for (const key of [...streams.keys()]) stop(streams, key);
    this.#standing.delete(client);
  }
}

function toSession({ own }: Client): Updates {
  return new Updates((uri) => {
    const json = JSON.stringify({ jsonrpc: '2.0', method: updated, params: { uri } });
    own?.send({ name: undefined, id: undefined, retry: undefined, data: Buffer.from(json) });
  });
}

/** Closes the stream of a member of the old era that brings nothing which is waited for. */
function closeUnused({ streams, updates, hearing }: Standing): void {
  if (hearing === 0 && updates.uris.size === 0) stop(streams, '');
}

function stop(streams: Map<string, Stream>, key: string): void {
  streams.get(key)?.stop.abort();
  streams.delete(key);
}
