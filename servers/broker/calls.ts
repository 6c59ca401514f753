import { type Edit, splice } from '../../common/answers/rewrite.ts';
import type { Client } from './client.ts';
import { Clients } from './clients.ts';
import { BrokerError, rpcCode } from './errors.ts';
import type { Calls, ClientSession, Exchange, Member, Route } from './exchange.ts';
import { limits } from './limits.ts';
import { eraOf, type MemberRequest, Members } from './member.ts';
import { paramHeaders } from './members/envelope.ts';
import type { Gate } from './members/gate.ts';
import { Call, type HeldCall } from './passing/call.ts';
import { errorAnswer } from './passing/connect.ts';
import { innerTaskId } from './passing/task-ids.ts';
import { idOf } from './passing/writer.ts';
import { HeldCalls } from './questions/held.ts';
import { listen } from './subscriptions/listening.ts';
import { Subscriptions } from './subscriptions/standing.ts';
import { listTasks } from './tasks.ts';

/** Passes on calls between a broker's clients and its members, through the gate. */
export function createCalls(gate: Gate): Calls {
  return new PassedCalls(gate);
}

class PassedCalls implements Calls {
  readonly #members: Members;
  readonly #clients: Clients;
  readonly #held = new HeldCalls<HeldCall>();
  readonly #subscriptions: Subscriptions;

  constructor(gate: Gate) {
    this.#members = new Members(gate);
    this.#clients = new Clients((client) => this.#members.sessions.leave(client));
    this.#subscriptions = new Subscriptions(this.#members);
  }

  async answer(exchange: Exchange, routes: readonly Route[]): Promise<void> {
    try {
      const error = await this.#answer(exchange, this.#clients.of(exchange), routes);
      if (error) throw error;
    } catch (error) {
      if (!(error instanceof BrokerError)) throw error;
      exchange.reply.whole((error.keepsStatus && error.status) || 200, errorAnswer(exchange, error));
    }
  }

  async notify(exchange: Exchange): Promise<void> {
    const client = this.#clients.of(exchange);
    const { method, params } = exchange.message;
    if (method === 'notifications/cancelled') client.runningAs(JSON.stringify(params?.requestId))?.cancel(exchange);
    const body = Buffer.from(exchange.text);
    const told = method === 'notifications/roots/list_changed' ? client.membersInUse() : [];
    const asker = method === 'notifications/progress' ? client.askerOf(params?.progressToken) : undefined;
    const tell = (member: Member) => this.#members.tell(exchange, client, member, body).catch(() => false);
    await Promise.all([...told, ...(asker ? [asker.member] : [])].map(tell));
  }

  async respond(exchange: Exchange): Promise<boolean> {
    const client = this.#clients.of(exchange);
    const id = String(exchange.message.id);
    const asked = client.asked.get(id);
    if (!asked) return false;
    client.asked.delete(id);
    const { resolve, memberId, asker } = asked;
    if (resolve) resolve(exchange.text);
    else if (memberId !== undefined) {
      const body = splice(Buffer.from(exchange.text), [{ path: ['id'], json: memberId }]);
      await this.#members.tell(exchange, client, asker.member, body);
    }
    return true;
  }

  async resume(exchange: Exchange, lastEventId: string): Promise<boolean> {
    const at = lastEventId.indexOf('/');
    const running = this.#clients.of(exchange).unfinishedAt(lastEventId.slice(0, Math.max(0, at)));
    if (!running) return false;
    const error = await running.resume(exchange, lastEventId.slice(at + 1));
    if (error) exchange.reply.end();
    return true;
  }

  async listen(
    exchange: Exchange,
    uris: ReadonlyMap<Route, readonly string[]>,
    taskIds: readonly string[] = [],
  ): Promise<void> {
    await listen(this.#members, exchange, this.#clients.of(exchange), uris, taskIds);
  }

  async ended(session: ClientSession, exchange: Exchange | undefined): Promise<void> {
    const client = this.#clients.find(session);
    this.#clients.forget(session);
    if (!client) return;
    for (const running of client.running.values()) running.cancel(exchange);
    this.#subscriptions.end(client);
    if (exchange) await this.#members.sessions.endAll(exchange, client);
    else this.#members.sessions.leave(client);
  }

  /** @returns the error, if nothing was answered */
  async #answer(exchange: Exchange, client: Client, routes: readonly Route[]): Promise<BrokerError | undefined> {
    const { method = '', params } = exchange.message;
    if (method === 'logging/setLevel') return await this.#setLevel(exchange, client);
    if (method === 'tasks/list') return await listTasks(this.#members, exchange, client);
    const task = method.startsWith('tasks/') ? innerTaskId(client, exchange.era, params?.taskId) : undefined;
    const targets = task
      ? [{ member: task.member, edits: [named(['params', 'taskId'], task.id)], name: task.id }]
      : ordered(client, exchange, routes);
    let error: BrokerError | undefined;
    for (const [index, target] of targets.entries()) {
      error = await this.#pass(exchange, client, target, index < targets.length - 1);
      if (!error) return undefined;
    }
    return error ?? new BrokerError(rpcCode.invalidParams, 'There is nothing of that name here.');
  }

  async #pass(exchange: Exchange, client: Client, target: Target, mayFail: boolean): Promise<BrokerError | undefined> {
    const { member } = target;
    const request = requestOf(exchange, target);
    const isSame = ({ call }: HeldCall) => call.isFor(member.server, request);
    const waiting = this.#held.take(exchange.owner, exchange.message.params?.requestState, isSame);
    if (waiting) return await waiting.call.goOn(exchange, waiting.memberId);
    const isSubscription = /^resources\/(?:un)?subscribe$/.test(request.method);
    if (isSubscription && eraOf(member, request) === 'new') {
      await this.#subscriptions.change(exchange, client, member, request);
      return empty(exchange);
    }
    // Before the member is told, so that no update is missed. Some members have no stream: they send no updates then.
    if (isSubscription) await this.#subscriptions.change(exchange, client, member, request).catch(() => undefined);
    const hear = this.#subscriptions.hear.bind(this.#subscriptions);
    const parts = { members: this.#members, held: this.#held, hear };
    return await new Call(parts, exchange, client, { member, request, mayFail }).run();
  }

  async #setLevel(exchange: Exchange, client: Client): Promise<undefined> {
    client.level = String(exchange.message.params?.level);
    const tell = (member: Member) => this.#members.sessions.setLevel(exchange, client, member);
    await Promise.all(client.membersInUse().map(tell));
    return empty(exchange);
  }
}

function empty(exchange: Exchange): undefined {
  exchange.reply.whole(200, `{"jsonrpc":"2.0","id":${idOf(exchange)},"result":{}}`);
}

/** Where a request goes, and what is put into it for that. */
interface Target {
  member: Member;
  edits: readonly Edit[];
  name?: string | undefined;
  definition?: string | undefined;
}

/** By URI, a member whose result has linked to the resource comes first, and only a few are asked. */
function ordered(client: Client, exchange: Exchange, routes: readonly Route[]): Target[] {
  const { params } = exchange.message;
  const uri = uriOf(params);
  const linked = uri === undefined ? undefined : client.links.get(uri);
  const isListed = routes.length === 1;
  const all =
    linked && !isListed
      ? [{ member: linked }, ...routes.filter(({ member }) => member.server !== linked.server)]
      : routes;
  return all.slice(0, limits.membersAsked).map(({ member, name, definition }: Route) => ({
    member,
    definition,
    name: name ?? uri,
    edits:
      name === undefined
        ? []
        : [named(params?.ref === undefined ? ['params', 'name'] : ['params', 'ref', 'name'], name)],
  }));
}

function uriOf(params: Record<string, unknown> = {}): string | undefined {
  const uri = params.uri ?? (params.ref as { uri?: unknown } | undefined)?.uri;
  return typeof uri === 'string' ? uri : undefined;
}

function named(path: Edit['path'], name: string): Edit {
  return { path, json: JSON.stringify(name) };
}

function requestOf({ message, text, era }: Exchange, { edits, name, definition }: Target): MemberRequest {
  const { method = '', params } = message;
  const isOldTask = era === 'old' && (params?.task !== undefined || method.startsWith('tasks/'));
  const headers = definition === undefined ? undefined : paramHeaders(definition, params?.arguments);
  return { body: Buffer.from(text), edits, method, name, params: headers, needsOld: isOldTask };
}
