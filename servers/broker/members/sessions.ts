import type { Client, Opening, Session } from '../client.ts';
import type { Asking, Member } from '../exchange.ts';
import { limits } from '../limits.ts';
import { capabilitiesFor, oldVersion } from './envelope.ts';
import type { Short } from './short.ts';

/** What tells a member the session of a request. */
export function sessionHeaders({ id, version }: Session): Record<string, string | undefined> {
  return { 'mcp-session-id': id, 'mcp-protocol-version': version };
}

/** Opens and ends a client's sessions at members of the old era. */
export class Sessions {
  readonly #short: Short;

  constructor(short: Short) {
    this.#short = short;
  }

  /** The client's session at a member: opened when first used, once for all who wait for it. */
  open(asking: Asking, client: Client, member: Member): Promise<Session> {
    const kept = client.sessions.get(member.server);
    if (kept) return kept.ready;
    const opening: Opening = { member, ready: this.#initialize(asking, client, member) };
    client.sessions.set(member.server, opening);
    opening.ready.then(
      (session) => {
        opening.session = session;
      },
      () => this.forget(client, opening),
    );
    return opening.ready;
  }

  /** Forgets a session that the member does not know any more. Another one may have been opened meanwhile: that one stays. */
  forget(client: Client, opening: Opening | undefined): void {
    if (opening && client.sessions.get(opening.member.server) === opening)
      client.sessions.delete(opening.member.server);
  }

  /**
   * Ends the sessions that this client has not used for ten minutes. Only a request of the client's can end them: nothing is kept
   * that would admit one later.
   */
  endIdle(asking: Asking, client: Client): void {
    const before = Date.now() - limits.idleSession;
    for (const opening of client.sessions.values()) {
      const { session } = opening;
      if (session && session.uses === 0 && session.usedAt < before) void this.#end(asking, client, opening);
    }
  }

  /** Tells the log level that the client has set, to a session that is open. One that opens later learns it then. */
  async setLevel(asking: Asking, client: Client, member: Member): Promise<void> {
    const session = client.sessions.get(member.server)?.session;
    if (session) await this.#tellLevel(asking, client, member, session);
  }

  /** Asks a member in the session that is open, and reads its result. */
  async ask(
    asking: Asking,
    client: Client,
    member: Member,
    message: { method: string; params: object },
  ): Promise<Record<string, unknown>> {
    const session = await this.open(asking, client, member);
    const numbered = { id: client.nextId(), ...message };
    return (await this.#short.ask(asking, member, numbered, sessionHeaders(session))).result;
  }

  async endAll(asking: Asking, client: Client): Promise<void> {
    await Promise.all([...client.sessions.values()].map((opening) => this.#end(asking, client, opening)));
  }

  /** Ends what needs no request of the client's: streams of members with the old transport. */
  leave(client: Client): void {
    const { owner } = client;
    for (const opening of client.sessions.values())
      if (opening.member.transport === 'sse')
        void this.#end({ owner, delegation: '', traceparent: undefined }, client, opening);
  }

  async #end(asking: Asking, client: Client, opening: Opening): Promise<void> {
    this.forget(client, opening);
    const session = await opening.ready.catch(() => undefined);
    if (session?.id === undefined) return;
    const request = { method: 'DELETE', headers: sessionHeaders(session) } as const;
    // A member that does not answer forgets the session by itself.
    await this.#short.tell(asking, opening.member, request).catch(() => undefined);
  }

  async #initialize(asking: Asking, client: Client, member: Member): Promise<Session> {
    const { protocolVersion, clientInfo } = client.announced;
    const params = {
      protocolVersion: client.era === 'old' ? protocolVersion : oldVersion,
      capabilities: capabilitiesFor(member, client.announced),
      clientInfo,
    };
    const { headers, result } = await this.#short.ask(asking, member, { id: 0, method: 'initialize', params });
    const { protocolVersion: version, capabilities } = result;
    const id = headers['mcp-session-id'];
    const session: Session = {
      id: typeof id === 'string' ? id : undefined,
      version: typeof version === 'string' ? version : oldVersion,
      capabilities: typeof capabilities === 'object' && capabilities !== null ? { ...capabilities } : {},
      usedAt: Date.now(),
      uses: 0,
    };
    await this.#short.notify(asking, member, { method: 'notifications/initialized' }, sessionHeaders(session));
    // With this session and not by `open`, which would wait for itself.
    await this.#tellLevel(asking, client, member, session);
    return session;
  }

  /** A member that refuses it goes on with its own level. */
  async #tellLevel(asking: Asking, client: Client, member: Member, session: Session): Promise<void> {
    const { level } = client;
    if (level === undefined || !('logging' in session.capabilities)) return;
    const message = { id: client.nextId(), method: 'logging/setLevel', params: { level } };
    await this.#short.ask(asking, member, message, sessionHeaders(session)).catch(() => undefined);
  }
}
