import express, { type Request, type Response, type Router } from 'express';
import type { Announced, Calls } from '../../broker/exchange.ts';
import type { Caller } from '../caller.ts';
import type { Announcer } from '../offer/announcer.ts';
import { changeKinds } from '../offer/feed.ts';
import { initialized } from './about.ts';
import type { Dispatch } from './dispatch.ts';
import { objectOf, oldVersions } from './eras.ts';
import { codes, errorText, Refusal } from './errors.ts';
import { changed } from './listen.ts';
import { exchangeOf, type Read, readMessage, whoAsks } from './read-exchange.ts';
import { HttpReply, openStream } from './reply.ts';
import type { HubSession, Sessions } from './sessions.ts';

export interface ClientParts {
  /** @throws {Refusal} without a valid identity */
  callerOf: (req: Request) => Promise<Caller>;
  sessions: Sessions;
  calls: Calls;
  announcer: Announcer;
  dispatch: Dispatch;
  /** What the client is told of a failure. The log is told more. */
  fail: (error: unknown) => Refusal;
}

const sessionHeader = 'Mcp-Session-Id';
const noSession = () => new Refusal(404, codes.noSession, 'There is no such session. Initialize a new one.');
/** Of a standing stream: what comes on it is short. */
const mostUnread = 1_048_576;
/** The gate bounds a body (`MAX_BODY`) before it is sent here. */
const longestBody = '64mb';

/** The body of a POST as bytes, whatever charset its header names: JSON is UTF-8 (RFC 8259, 8.1). */
export const rawBody = express.raw({ type: 'application/json', limit: longestBody, inflate: false });

/** Streamable HTTP at `/mcp`: 2026-07-28 without sessions, the versions of 2025 with them. */
export function streamableHttp(parts: ClientParts): Router {
  const router = express.Router({ caseSensitive: true, strict: true });
  // Express would answer HEAD with the GET route and open a stream without a reader.
  router.head('/mcp', notAllowed);
  router.get('/mcp', (req, res) => answering(parts, res, () => openStanding(parts, req, res)));
  router.post('/mcp', rawBody, (req, res) => post(parts, req, res));
  router.delete('/mcp', (req, res) => answering(parts, res, () => endSession(parts, req, res)));
  router.all('/mcp', notAllowed);
  return router;
}

function notAllowed(_req: Request, res: Response): void {
  const refusal = new Refusal(405, codes.invalidRequest, 'This address takes GET, POST and DELETE.');
  res.status(405).set('Allow', 'GET, POST, DELETE').type('json').send(errorText(refusal));
}

async function answering(parts: ClientParts, res: Response, work: () => Promise<void>): Promise<void> {
  await work().catch((error: unknown) => {
    const refusal = parts.fail(error);
    if (res.headersSent) res.destroy();
    else res.status(refusal.status).type('json').send(errorText(refusal));
  });
}

async function post(parts: ClientParts, req: Request, res: Response): Promise<void> {
  let reply = new HttpReply(res);
  let read: Read | undefined;
  try {
    const caller = await parts.callerOf(req);
    read = readMessage(req.body);
    const { set } = whoAsks(req, caller);
    const session = parts.sessions.find(req.get(sessionHeader), caller.owner, set);
    const exchange = exchangeOf(req, caller, read, reply, session);
    if (exchange.era === 'old' && read.message.method === 'initialize' && read.message.id !== undefined) {
      const announced = announcedBy(read.message.params);
      const { id } = parts.sessions.open(caller.owner, set, announced);
      reply = new HttpReply(res, { [sessionHeader]: id });
      const result = JSON.stringify(initialized(set, announced.protocolVersion));
      return reply.whole(200, `{"jsonrpc":"2.0","id":${read.idText},"result":${result}}`);
    }
    if (exchange.era === 'old' && !session) {
      if (req.get(sessionHeader) !== undefined) throw noSession();
      throw new Refusal(400, codes.invalidRequest, `${sessionHeader} is missing. Begin with initialize.`);
    }
    if (!(await parts.dispatch(exchange))) res.status(202).end();
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

async function openStanding(parts: ClientParts, req: Request, res: Response): Promise<void> {
  const { caller, session } = await sessionOf(parts, req, res);
  const lastEventId = req.get('last-event-id');
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

async function endSession(parts: ClientParts, req: Request, res: Response): Promise<void> {
  const { caller, session } = await sessionOf(parts, req, res);
  parts.sessions.end(session);
  await parts.calls.ended(session, bare(req, caller, session, new HttpReply(res)));
  res.status(200).end();
}

/** @throws {Refusal} 405 for a client without sessions, so that it asks no more; 404 for an unknown one */
async function sessionOf({ callerOf, sessions }: ClientParts, req: Request, res: Response) {
  const caller = await callerOf(req);
  const id = req.get(sessionHeader);
  if (id === undefined) {
    res.set('Allow', 'POST');
    throw new Refusal(405, codes.invalidRequest, `Without ${sessionHeader}, this address takes POST only.`);
  }
  const session = sessions.find(id, caller.owner, whoAsks(req, caller).set);
  if (!session) throw noSession();
  return { caller, session };
}

/** The exchange of a request that has no message. */
function bare(req: Request, caller: Caller, session: HubSession, reply: HttpReply) {
  const { announced } = session;
  return { ...whoAsks(req, caller), era: 'old' as const, session, announced, message: {}, text: '', reply };
}
