import type { NamedKind } from '../../../policy/offered-names.ts';
import type { Calls, ClientMessage, Route } from '../../broker/exchange.ts';
import type { ListName } from '../offer/lists.ts';
import type { Offer, Offers } from '../offer/offers.ts';
import { discovered, newResult } from './about.ts';
import { codes, Refusal } from './errors.ts';
import type { HubExchange } from './hub-exchange.ts';
import type { Listen } from './listen.ts';

export interface DispatchParts {
  offers: Offers;
  calls: Calls;
  listen: Listen;
}

/** Answers what a client sends. @returns whether it was a request */
export type Dispatch = (exchange: HubExchange) => Promise<boolean>;

const listMethods: ReadonlyMap<string, ListName> = new Map([
  ['tools/list', 'tools'],
  ['prompts/list', 'prompts'],
  ['resources/list', 'resources'],
  ['resources/templates/list', 'templates'],
]);

/**
 * Makes the answer to each request, response and notification but `initialize`, which each transport answers in its own way.
 * @returns whether the message was a request; the others have no answer of their own
 * @throws {Refusal}
 */
export function createDispatch({ offers, calls, listen }: DispatchParts): Dispatch {
  const answer = async (exchange: HubExchange, method: string): Promise<void> => {
    const { set, caller, message } = exchange;
    const list = listMethods.get(method);
    if (list) return reply(exchange, await listOf(exchange, await offers.of(caller, set), list));
    if (method === 'ping') return reply(exchange, '{}');
    if (method === 'server/discover') return reply(exchange, JSON.stringify(discovered(set)));
    if (method === 'subscriptions/listen') return await listen(exchange);
    if (method === 'logging/setLevel' || method.startsWith('tasks/')) return await calls.answer(exchange, []);
    const offer = await offers.forCall(caller, set);
    await calls.answer(exchange, routesOf(offer, method, message.params ?? {}));
  };
  return async (exchange: HubExchange): Promise<boolean> => {
    const { method, id } = exchange.message;
    if (method === undefined) {
      if (await calls.respond(exchange)) return false;
      throw new Refusal(400, codes.invalidRequest, 'Nothing was asked under this id.');
    }
    if (id === undefined) {
      if (method !== 'notifications/initialized') await calls.notify(exchange);
      return false;
    }
    await answer(exchange, method);
    return true;
  };
}

/** Everything is on the first page: no cursor was ever given out. */
async function listOf({ message, era }: HubExchange, offer: Offer, list: ListName): Promise<Buffer> {
  if (message.params?.cursor !== undefined)
    throw new Refusal(200, codes.invalidParams, 'There is no such page. Ask for the list without a cursor.');
  const more = era === 'new' ? `,${JSON.stringify(newResult).slice(1, -1)}` : '';
  return Buffer.concat([Buffer.from('{'), offer.list(list), Buffer.from(`${more}}`)]);
}

function reply({ reply: to, idText }: HubExchange, result: string | Buffer): void {
  const head = Buffer.from(`{"jsonrpc":"2.0","id":${idText},"result":`);
  to.whole(200, Buffer.concat([head, Buffer.from(result), Buffer.from('}')]));
}

function routesOf(offer: Offer, method: string, params: NonNullable<ClientMessage['params']>): Route[] {
  const ref = params.ref as { type?: unknown; name?: unknown; uri?: unknown } | undefined;
  if (method === 'tools/call') return named(offer, params.name, 'tool');
  if (method === 'prompts/get') return named(offer, params.name, 'prompt');
  if (method === 'completion/complete' && ref?.type === 'ref/prompt') return named(offer, ref.name, 'prompt');
  const uri = method === 'completion/complete' ? ref?.uri : params.uri;
  const routes = typeof uri === 'string' ? offer.located(uri) : [];
  if (routes.length > 0) return routes;
  throw new Refusal(200, codes.resourceNotFound, 'No server that you may use here has resources.');
}

function named(offer: Offer, name: unknown, kind: NamedKind): Route[] {
  const route = typeof name === 'string' ? offer.named(name, kind) : undefined;
  if (route) return [route];
  const list = kind === 'tool' ? 'tools/list' : 'prompts/list';
  throw new Refusal(200, codes.invalidParams, `Unknown ${kind}: ${String(name).slice(0, 100)}. Look it up in ${list}.`);
}
