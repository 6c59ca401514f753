import { type ServerMessage, stringAt } from '../../common/answers/message.ts';
import { locate, splice } from '../../common/answers/rewrite.ts';
import type { Client } from './client.ts';
import { BrokerError, rpcCode } from './errors.ts';
import type { Asking, Exchange, Member, Route } from './exchange.ts';
import { limits } from './limits.ts';
import { eraOf, type MemberRequest, type Members, type Sent } from './member.ts';
import { errorOf, isStream, messagesOf } from './members/answer.ts';
import { Notices } from './passing/notices.ts';
import { innerTaskId } from './passing/task-ids.ts';
import { Updates } from './passing/updates.ts';
import { idOf } from './passing/writer.ts';
import { passQuestion } from './questions/asking.ts';
import { questionIn } from './questions/question.ts';

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
    const close = () => {
      controller.abort();
      if (streams.get(key)?.stop === controller) streams.delete(key);
    };
    const open = async () => {
      try {
        const sent = await this.#open(asking, client, member, { resourceSubscriptions: [key] }, controller.signal);
        void this.#pump(client, member, sent, updates).finally(close);
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

  /** Passes on updates until the client has gone: `subscriptions/listen` of MCP 2026-07-28, with its tasks extension. */
  async listen(
    exchange: Exchange,
    client: Client,
    routes: ReadonlyMap<Route, readonly string[]>,
    taskIds: readonly string[],
  ): Promise<void> {
    const { gone } = exchange.reply;
    const meta = { [subscriptionKey]: exchange.message.id };
    const tell = (uri: string) => {
      const json = JSON.stringify({ jsonrpc: '2.0', method: updated, params: { uri, _meta: meta } });
      void exchange.reply.event({ name: undefined, id: undefined, retry: undefined, data: Buffer.from(json) });
    };
    const streams = [...routes].map(async ([{ member }, uris]) => {
      const updates = new Updates(tell);
      for (const uri of uris.slice(0, limits.subscriptions)) updates.uris.add(uri);
      if (eraOf(member, {}) === 'old')
        for (const uri of updates.uris)
          await this.#members.tell(exchange, client, member, subscribe(client.nextId(), uri));
      const wanted = { resourceSubscriptions: [...updates.uris] };
      await this.#pump(client, member, await this.#open(exchange, client, member, wanted, gone), updates);
    });
    const inner = taskIds.flatMap((id) => innerTaskId(client, exchange.era, id) ?? []);
    const tasks = Map.groupBy(inner, ({ member }) => member.server)
      .values()
      .map((own) => this.#followTasks(exchange, client, own));
    await Promise.allSettled([...streams, ...tasks]);
    if (!gone.aborted) await new Promise<void>((go) => gone.addEventListener('abort', () => go(), { once: true }));
  }

  /** Passes on how tasks of one member go on. @param tasks with the member's own ids */
  async #followTasks(exchange: Exchange, client: Client, tasks: readonly { member: Member; id: string }[]) {
    const { reply } = exchange;
    const [{ member }] = tasks as [(typeof tasks)[number]];
    const notices = new Notices();
    const wanted = { taskIds: tasks.map(({ id }) => id) };
    const { answer } = await this.#open(exchange, client, member, wanted, reply.gone);
    try {
      for await (const { message } of messagesOf(member.server, answer)) {
        const method = message && stringAt(message.bytes, message.parts.get('method'));
        const notice =
          method?.startsWith('notifications/tasks') && notices.pass(member, message as ServerMessage, undefined);
        if (!notice) continue;
        const path = ['params', '_meta', subscriptionKey] as const;
        const data = splice(notice, [{ path, json: idOf(exchange), onlyIfThere: true }]);
        await reply.event({ name: undefined, id: undefined, retry: undefined, data });
      }
    } finally {
      answer.destroy();
    }
  }

  /** @throws {BrokerError} if the member opens no stream */
  async #open(asking: Asking, client: Client, member: Member, wanted: Wanted, signal: AbortSignal): Promise<Sent> {
    const sent =
      eraOf(member, {}) === 'new'
        ? await this.#members.send(asking, client, member, listenTo(client.nextId(), wanted), signal)
        : await this.#members.listen(asking, client, member, signal);
    if ((sent.answer.statusCode ?? 502) >= 400) throw await errorOf(member.server, sent.answer);
    if (isStream(sent.answer)) return sent;
    sent.answer.destroy();
    throw new BrokerError(rpcCode.unavailable, `${member.server} opens no stream for updates.`);
  }

  /** Reads a standing stream to its end. */
  async #pump(client: Client, member: Member, { answer }: Sent, updates: Updates): Promise<void> {
    try {
      for await (const { message } of messagesOf(member.server, answer)) {
        if (!message) continue;
        const method = stringAt(message.bytes, message.parts.get('method'));
        if (method === updated) updates.updated(uriIn(message));
        else if (method !== undefined && message.id) await askClient(client, member, method, message);
      }
    } catch {
      // The client has gone, or the member: the client subscribes again.
    } finally {
      answer.destroy();
    }
  }
}

const subscriptionKey = 'io.modelcontextprotocol/subscriptionId';
const updated = 'notifications/resources/updated';

function uriIn({ bytes }: ServerMessage): string {
  const [uri] = locate(bytes, [['params', 'uri']]);
  return stringAt(bytes, uri) ?? '';
}

/**
 * A request of a member's outside of the stream of a call. A call that runs there takes it, else the standing stream of the client,
 * if it has one.
 */
async function askClient(client: Client, member: Member, method: string, message: ServerMessage): Promise<void> {
  const { own } = client;
  const { id } = message;
  const running = [...client.running.values()].findLast((each) => each.member.server === member.server);
  if (running) return await running.asked(message);
  if (!own || !id) return;
  try {
    const question = questionIn(member, client.announced.capabilities, method, message);
    const deliver = async (data: Buffer) => void own.send({ name: undefined, id: undefined, retry: undefined, data });
    await passQuestion({ client, asker: { member }, deliver }, question, id.text);
  } catch (error) {
    // Nothing admits a refusal here: no request of the client's is at hand.
    if (!(error instanceof BrokerError)) throw error;
  }
}

function toSession({ own }: Client): Updates {
  return new Updates((uri) => {
    const json = JSON.stringify({ jsonrpc: '2.0', method: updated, params: { uri } });
    own?.send({ name: undefined, id: undefined, retry: undefined, data: Buffer.from(json) });
  });
}

/** What a member of the new era is asked to tell of. */
type Wanted = { resourceSubscriptions: readonly string[] } | { taskIds: readonly string[] };

function listenTo(id: number, notifications: Wanted): MemberRequest {
  const method = 'subscriptions/listen';
  const params = { notifications };
  return { method, body: Buffer.from(JSON.stringify({ jsonrpc: '2.0', id, method, params })) };
}

function subscribe(id: number, uri: string): Buffer {
  return Buffer.from(JSON.stringify({ jsonrpc: '2.0', id, method: 'resources/subscribe', params: { uri } }));
}

/** Closes the stream of a member of the old era that brings nothing which is waited for. */
function closeUnused({ streams, updates, hearing }: Standing): void {
  if (hearing === 0 && updates.uris.size === 0) stop(streams, '');
}

function stop(streams: Map<string, Stream>, key: string): void {
  streams.get(key)?.stop.abort();
  streams.delete(key);
}
