import type { ServerResponse } from 'node:http';
import { json, type Received, result, type Shape, startRelay, startUpstream } from './relay-fixture.ts';

/** A relay, one server that answers as a test sets it, and two callers: alice may use everything, bob a part. */
export async function startScene(change: Partial<Shape> = {}) {
  const server = { answer: (response: ServerResponse, _received: Received): void => json(response, result({})) };
  const relay = await startRelay(change);
  const upstream = await relay.lead(await startUpstream((response, received) => server.answer(response, received)));
  const [alice, bob] = [await relay.person('alice', 'all'), await relay.person('bob', 'some')];
  return { relay, upstream, server, alice, bob };
}
