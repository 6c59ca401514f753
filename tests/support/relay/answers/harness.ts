import type { IncomingMessage, OutgoingHttpHeaders } from 'node:http';
import type { Received } from '../../../../attack/readers/readers.ts';
import { json, type Relay, result, startUpstream } from '../relay-fixture.ts';
import type { HostileAnswer } from './answer.ts';
import { faultsOf } from './judge.ts';
import { foreignTask, ownTask, requests } from './seeds.ts';

/** What the relay made of a hostile answer. */
export interface Passed {
  status: number;
  received: Received;
  faults: string[];
}

/** Tickets are valid for longer. */
const ticketMilliseconds = 30_000;

/** Sends answers through a relay, as the answers of one server to one caller in the group `some`. */
export async function startHarness(relay: Relay, server: string) {
  let next: HostileAnswer | undefined;
  let task: string | undefined;
  const upstream = await relay.lead(
    await startUpstream((response) => {
      if (!next) return json(response, result({ task: { taskId: task, status: 'working' } }));
      const { status, contentType, body } = next;
      response.writeHead(status, contentType === undefined ? {} : { 'content-type': contentType });
      response.end(Buffer.from(body, 'latin1'));
    }),
    server,
  );
  const caller = await relay.person('bob', 'some');
  const alice = await relay.person('alice', 'all');
  for (const [id, cookie] of [
    [ownTask, caller],
    [foreignTask, alice],
  ] as const) {
    task = id;
    await relay.read(cookie, { ...requests.call, server });
  }

  const tickets = new Map<string, { headers: OutgoingHttpHeaders; until: number }>();
  return {
    /** Number of connections that the relay opened and has given up. */
    gone: upstream.gone,
    async pass(answer: HostileAnswer): Promise<Passed> {
      next = answer;
      const asked = { ...requests[answer.request], server };
      let ticket = tickets.get(answer.request);
      if (!ticket || ticket.until < performance.now()) {
        const { headers } = await relay.admit(caller, asked);
        ticket = { headers, until: performance.now() + ticketMilliseconds };
        tickets.set(answer.request, ticket);
      }
      const response = await relay.send(ticket.headers, asked);
      const received: Received = {
        method: answer.request.endsWith('stream') ? 'GET' : 'POST',
        contentType: response.headers['content-type'],
        body: await bytesOf(response),
      };
      const status = response.statusCode ?? 0;
      return { status, received, faults: faultsOf(received, server) };
    },
  };
}

async function bytesOf(response: IncomingMessage): Promise<Buffer> {
  const parts: Buffer[] = [];
  try {
    for await (const part of response) parts.push(part as Buffer);
  } catch {
    // The relay cut the answer: what came before was read all the same.
  }
  return Buffer.concat(parts);
}
