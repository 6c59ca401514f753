import { randomUUID } from 'node:crypto';
import type { StreamEvent } from '../../../common/answers/event-stream.ts';
import type { Announced, ClientSession } from '../../broker/exchange.ts';

/** For each person or agent: with more, the one that was used least lately ends. */
export const mostSessions = 20;
/** An SDK opens one stream. After a lost connection it opens the next one before the first is known to be gone. */
const mostStreams = 4;
/** A client that is away for longer initializes again. */
export const idleMilliseconds = 2 * 3_600_000;

/** A standing stream of a client. */
export interface StandingStream {
  send(event: StreamEvent): void;
  end(): void;
}

/** A session as the hub keeps it. */
export interface HubSession extends ClientSession {
  readonly set: string;
  announced: Announced;
  readonly streams: Set<StandingStream>;
  usedAt: number;
}

export type Sessions = ReturnType<typeof createSessions>;

/**
 * The sessions of old clients, in memory: after a restart each gets 404 and initializes again.
 * @param onEnd is told of each that was pushed out or idled, not of those that {@link Sessions.end} ends
 */
export function createSessions(onEnd: (session: HubSession) => void, now: () => number = () => performance.now()) {
  const byId = new Map<string, HubSession>();
  const byOwner = new Map<string, Set<HubSession>>();

  const end = (session: HubSession): void => {
    byId.delete(session.id);
    const own = byOwner.get(session.owner);
    own?.delete(session);
    if (own?.size === 0) byOwner.delete(session.owner);
    for (const stream of session.streams) stream.end();
  };
  const drop = (session: HubSession): void => {
    end(session);
    onEnd(session);
  };
  const open = (owner: string, set: string, announced: Announced): HubSession => {
    const own = byOwner.get(owner) ?? new Set();
    if (own.size >= mostSessions) drop(leastUsed(own));
    const session = create(owner, set, announced, now());
    byId.set(session.id, session);
    byOwner.set(owner, own.add(session));
    return session;
  };
  return {
    open,
    /** The session with this id, if it is this caller's and of this set. Asking for it counts as use. */
    find(id: string | undefined, owner: string, set: string): HubSession | undefined {
      const session = byId.get(id ?? '');
      if (session?.owner !== owner || session.set !== set) return undefined;
      session.usedAt = now();
      return session;
    },
    end,
    /** Adds a standing stream; the oldest ends if there are too many. @returns takes it away again */
    attach(session: HubSession, stream: StandingStream): () => void {
      const [oldest] = session.streams;
      if (oldest && session.streams.size >= mostStreams) {
        session.streams.delete(oldest);
        oldest.end();
      }
      session.streams.add(stream);
      return () => {
        session.streams.delete(stream);
        session.usedAt = now();
      };
    },
    /** Ends those that were not used for two hours. An open stream is use. */
    sweep(): void {
      for (const session of byId.values())
        if (session.streams.size === 0 && now() - session.usedAt >= idleMilliseconds) drop(session);
    },
    all: (): Iterable<HubSession> => byId.values(),
  };
}

function create(owner: string, set: string, announced: Announced, usedAt: number): HubSession {
  const streams = new Set<StandingStream>();
  const send = (event: StreamEvent): boolean => {
    // A message goes to one stream only (MCP 2025-11-25, "Multiple Connections").
    const [stream] = streams;
    stream?.send(event);
    return stream !== undefined;
  };
  return { id: randomUUID(), owner, set, announced, streams, usedAt, send };
}

function leastUsed(sessions: ReadonlySet<HubSession>): HubSession {
  return [...sessions].reduce((least, each) => (each.usedAt < least.usedAt ? each : least));
}
