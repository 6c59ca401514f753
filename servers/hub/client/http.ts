import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Announced, Calls } from '../../broker/exchange.ts';
import type { Caller } from '../caller.ts';
import type { Announcer } from '../offer/announcer.ts';
import { changeKinds } from '../offer/feed.ts';
import { initialized } from './about.ts';
import { readBody } from './body.ts';
import type { Dispatch } from './dispatch.ts';
import { objectOf, oldVersions } from './eras.ts';
import { codes, errorText, Refusal } from './errors.ts';
import { changed } from './listen.ts';
import { exchangeOf, headerOf, type Read, readMessage, whoAsks } from './read-exchange.ts';
import { HttpReply, openStream } from './reply.ts';
import type { HubSession, Sessions } from './sessions.ts';

export interface ClientParts {
  /** @throws {Refusal} without a valid identity */
  callerOf: (req: IncomingMessage) => Promise<Caller>;
  sessions: Sessions;
  calls: Calls;
  announcer: Announcer;
  dispatch: Dispatch;
  /** What the client is told of a failure. The log is told more. */
  fail: (error: unknown) => Refusal;
}

const sessionHeader = 'mcp-session-id';
const noSession = () => new Refusal(404, codes.noSession, 'There is no such session. Initialize a new one.');
/** Of a standing stream: what comes on it is short. */
const mostUnread = 1_048_576;
/** What answers at one path. A {@link Refusal} that it throws is answered too. */
export type Door = (req: IncomingMessage, res: ServerResponse) => Promise<void>;

/** Streamable HTTP at `/mcp`: 2026-07-28 without sessions, the versions of 2025 with them. */
export function streamableHttp(parts: ClientParts): Door {
  return async (req, res) => {
    if (req.method === 'POST') return await post(parts, req, res);
    if (req.method === 'GET') return await openStanding(parts, req, res);
    if (req.method === 'DELETE') return await endSession(parts, req, res);
    res.setHeader('Allow', 'GET, POST, DELETE');
    throw new Refusal(405, codes.invalidRequest, 'This address takes GET, POST and DELETE.');
  };
}

async function post(parts: ClientParts, req: IncomingMessage, res: ServerResponse): Promise<void> {
  let reply = new HttpReply(res);
  let read: Read | undefined;
  try {
    const caller = await parts.callerOf(req);
    read = readMessage(await readBody(req));
    const { set } = whoAsks(req, caller);
    const session = parts.sessions.find(headerOf(req, sessionHeader), caller.owner, set);
    const exchange = exchangeOf(req, caller, read, reply, session);
    if (exchange.era === 'old' && read.message.method === 'initialize' && read.message.id !== undefined) {
      const announced = announcedBy(read.message.params);
      const { id } = parts.sessions.open(caller.owner, set, announced);
      reply = new HttpReply(res, { [sessionHeader]: id });
      const result = JSON.stringify(initialized(set, announced.protocolVersion));
      return reply.whole(200, `{"jsonrpc":"2.0","id":${read.idText},"result":${result}}`);
    }
    if (exchange.era === 'old' && !session) {
      if (headerOf(req, sessionHeader) !== undefined) throw noSession();
      throw new Refusal(400, codes.invalidRequest, 'Mcp-Session-Id is missing. Begin with initialize.');
    }
    if (!(await parts.dispatch(exchange))) res.writeHead(202).end();
  } catch (error) {
    const refusal = parts.fail(error);
    reply.whole(refusal.status, errorText(refusal, read?.idText));
  }
}

/** What an old client says of itself. A version that the hub does not know becomes the newest one with sessions. */
export function announcedBy(params: Record<string, unknown> = {}): Announced {
  const known = oldVersions.find((version) => version === params.protocolVersion);
  const objectAt = (key: string) => objectOf(params[key]) ?? {};
  return {
    protocolVersion: known ?? oldVersions[0],
    capabilities: objectAt('capabilities'),
    clientInfo: objectAt('clientInfo'),
  };
}

async function openStanding(parts: ClientParts, req: IncomingMessage, res: ServerResponse): Promise<void> {
  const { caller, session } = await sessionOf(parts, req, res);
  const lastEventId = headerOf(req, 'last-event-id');
  if (lastEventId !== undefined) {
    const exchange = bare(req, caller, session, new HttpReply(res));
    if (await parts.calls.resume(exchange, lastEventId)) return;
  }
  const write = openStream(res, mostUnread);
  const detach = attach(parts, session, write, () => res.end());
  res.once('close', detach);
}

/**
 * Lets a session's events, and the changes of its lists, go to a stream.
 * @param write tells whether the client reads
 * @returns takes it away again
 */
export function attach(
  { sessions, announcer }: ClientParts,
  session: HubSession,
  write: (event: Parameters<HubSession['send']>[0]) => boolean,
  end: () => void,
): () => void {
  const detach = sessions.attach(session, { send: (event) => void write(event), end });
  const leave = announcer.add({
    set: session.set,
    kinds: new Set(changeKinds),
    announce: (kind) => void write(changed(kind)),
  });
  return () => {
    detach();
    leave();
  };
}

async function endSession(parts: ClientParts, req: IncomingMessage, res: ServerResponse): Promise<void> {
  const { caller, session } = await sessionOf(parts, req, res);
  parts.sessions.end(session);
  await parts.calls.ended(session, bare(req, caller, session, new HttpReply(res)));
  res.writeHead(200).end();
}

/** @throws {Refusal} 405 for a client without sessions, so that it asks no more; 404 for an unknown one */
async function sessionOf({ callerOf, sessions }: ClientParts, req: IncomingMessage, res: ServerResponse) {
  const caller = await callerOf(req);
  const id = headerOf(req, sessionHeader);
  if (id === undefined) {
    res.setHeader('Allow', 'POST');
    throw new Refusal(405, codes.invalidRequest, 'Without Mcp-Session-Id, this address takes POST only.');
  }
  const session = sessions.find(id, caller.owner, whoAsks(req, caller).set);
  if (!session) throw noSession();
  return { caller, session };
}

/** The exchange of a request that has no message. */
function bare(req: IncomingMessage, caller: Caller, session: HubSession, reply: HttpReply) {
  const { announced } = session;
  return { ...whoAsks(req, caller), era: 'old' as const, session, announced, message: {}, text: '', reply };
}
