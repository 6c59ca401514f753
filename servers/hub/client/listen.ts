import type { Calls, Route } from '../../broker/exchange.ts';
import type { Announcer } from '../offer/announcer.ts';
import { type ChangeKind, changeKinds } from '../offer/feed.ts';
import type { Offers } from '../offer/offers.ts';
import { metaKeys, objectOf, tasksExtension } from './eras.ts';
import { codes, Refusal } from './errors.ts';
import type { HubExchange } from './hub-exchange.ts';
import { messageEvent } from './reply.ts';

/** Answers `subscriptions/listen`. */
export type Listen = (exchange: HubExchange) => Promise<void>;

/** Streams of one person or agent at a time. Each holds a connection. */
const mostStreams = 20;
/** Resources, and tasks, of one subscription. Each may need a stream at its server. */
const mostNamed = 100;

/** The events that tell of one kind of list. @param subscription the id of the `subscriptions/listen` request, as JSON */
export function changed(kind: ChangeKind, subscription?: string) {
  const of = subscription === undefined ? '' : `,"params":{"_meta":{"${metaKeys.subscription}":${subscription}}}`;
  return messageEvent(`{"jsonrpc":"2.0","method":"notifications/${kind}/list_changed"${of}}`);
}

/**
 * Makes the standing streams of new clients (MCP 2026-07-28, "Subscriptions"): changes of lists come from the registry's feed,
 * and only a resource that is named needs a stream at its server.
 */
export function createListen(offers: Offers, calls: Calls, announcer: Announcer): Listen {
  const open = new Map<string, number>();
  return async (exchange) => {
    const { reply, owner, set, idText, message } = exchange;
    const wanted = (message.params?.notifications ?? {}) as Record<string, unknown>;
    const kinds = new Set(changeKinds.filter((kind) => wanted[`${kind}ListChanged`] === true));
    const uris = textsOf(wanted.resourceSubscriptions, 'resources');
    const taskIds = textsOf(wanted.taskIds, 'tasks');
    if (taskIds.length > 0) requireTasks(exchange);
    const count = open.get(owner) ?? 0;
    if (count >= mostStreams)
      throw new Refusal(200, codes.internal, `You have ${mostStreams} subscriptions open. End one first.`);
    const routes = uris.length > 0 ? await routesOf(offers, exchange, uris) : new Map<Route, string[]>();
    if (reply.gone.aborted) return;
    open.set(owner, (open.get(owner) ?? 0) + 1);
    const leave = announcer.add({
      set,
      kinds,
      announce: (kind) => void reply.event(changed(kind, idText)),
    });
    try {
      const named = { resourceSubscriptions: [...routes.values()].flat(), taskIds };
      await reply.event(messageEvent(acknowledged(kinds, named, idText)));
      if (routes.size + taskIds.length > 0) void calls.listen(exchange, routes, taskIds).catch(() => undefined);
      await untilAborted(reply.gone);
    } finally {
      leave();
      const left = (open.get(owner) ?? 1) - 1;
      if (left > 0) open.set(owner, left);
      else open.delete(owner);
    }
  };
}

function textsOf(value: unknown, what: string): string[] {
  const texts = Array.isArray(value) ? value.filter((each): each is string => typeof each === 'string') : [];
  if (texts.length <= mostNamed) return [...new Set(texts)];
  throw new Refusal(200, codes.invalidParams, `A subscription names at most ${mostNamed} ${what}.`);
}

/** @throws {Refusal} if the client does not say that it knows tasks (SEP-2663) */
function requireTasks({ announced }: HubExchange): void {
  const extensions = objectOf(announced.capabilities.extensions) ?? {};
  if (tasksExtension in extensions) return;
  const data = { requiredCapabilities: { extensions: { [tasksExtension]: {} } } };
  throw new Refusal(400, codes.capabilityMissing, `Following tasks needs the extension ${tasksExtension}.`, data);
}

/** Each resource at the one server that has it. One that stands in no list is not followed. */
async function routesOf(offers: Offers, { caller, set }: HubExchange, uris: readonly string[]) {
  const offer = await offers.forCall(caller, set);
  const byServer = new Map<string, [Route, string[]]>();
  for (const uri of uris) {
    const [route] = offer.located(uri);
    if (!route) continue;
    const [first, own] = byServer.get(route.member.server) ?? [route, []];
    byServer.set(route.member.server, [first, [...own, uri]]);
  }
  return new Map(byServer.values());
}

/** What the stream will tell, as its first message. */
function acknowledged(
  kinds: ReadonlySet<ChangeKind>,
  named: Readonly<Record<string, readonly string[]>>,
  idText: string,
): string {
  const lists = [...kinds].map((kind) => [`${kind}ListChanged`, true] as const);
  const filled = Object.entries(named).filter(([, texts]) => texts.length > 0);
  const notifications = Object.fromEntries([...lists, ...filled]);
  const params = `{"notifications":${JSON.stringify(notifications)},"_meta":{"${metaKeys.subscription}":${idText}}}`;
  return `{"jsonrpc":"2.0","method":"notifications/subscriptions/acknowledged","params":${params}}`;
}

function untilAborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener('abort', () => resolve(), { once: true });
  });
}
