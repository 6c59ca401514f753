import type { IncomingMessage } from 'node:http';
import type { Edit } from '../../common/answers/rewrite.ts';
import type { Client, Session } from './client.ts';
import type { Asking, Era, Member } from './exchange.ts';
import { gateCodeOf } from './members/answer.ts';
import { enveloped, headerText, newVersion } from './members/envelope.ts';
import { Eras } from './members/eras.ts';
import type { Gate } from './members/gate.ts';
import { withOldTransport } from './members/old-transport.ts';
import { Sessions, sessionHeaders } from './members/sessions.ts';
import { Short } from './members/short.ts';
import { Failures, Turns } from './members/turns.ts';

/** A request of a client, as it goes to a member. */
export interface MemberRequest {
  body: Buffer;
  /** What is put in when it is sent: the member's own names. */
  edits?: readonly Edit[];
  method: string;
  /** What it names: a tool, a prompt or a URI. */
  name?: string | undefined;
  /** Headers that repeat its arguments, by name, for members of the new era. */
  params?: Readonly<Record<string, string>> | undefined;
  /** Whether only the old era has it. */
  needsOld?: boolean;
}

/** An answer that has begun, and the era that it is in. */
export interface Sent {
  era: Era;
  answer: IncomingMessage;
  session: Session | undefined;
}

/** Asks members in their era: those of the new one without a session, the others with one that is opened when first used. */
export class Members {
  readonly #gate: Gate;
  readonly #eras: Eras;
  readonly sessions: Sessions;

  constructor(streamable: Gate) {
    const gate = withOldTransport(streamable);
    const short = new Short(gate, new Turns(), new Failures());
    this.#gate = gate;
    this.#eras = new Eras(short);
    this.sessions = new Sessions(short);
  }

  /** The era of a server of which no picture is at hand. @throws {BrokerError} if it cannot be asked */
  eraOf(asking: Asking, server: string): Promise<Era> {
    return this.#eras.of(asking, server);
  }

  /**
   * Sends a request of a client.
   * @throws {BrokerError} if the gate does not answer or no session can be opened
   */
  async send(
    asking: Asking,
    client: Client,
    member: Member,
    request: MemberRequest,
    signal?: AbortSignal,
  ): Promise<Sent> {
    this.sessions.endIdle(asking, client);
    if (eraOf(member, request) === 'new') {
      const { method, name, params } = request;
      const answer = await this.#gate.ask(asking, member, {
        body: enveloped(request.body, member, client.announced, client.level),
        headers: {
          ...params,
          'mcp-protocol-version': newVersion,
          'mcp-method': method,
          'mcp-name': name === undefined ? undefined : headerText(name),
        },
        signal,
      });
      return { era: 'new', answer, session: undefined };
    }
    return await this.#inSession(asking, client, member, (headers) => ({ body: request.body, headers, signal }));
  }

  /** Sends a message that has no answer to a member of the old era, in the client's session. @returns whether it was taken */
  async tell(asking: Asking, client: Client, member: Member, body: Buffer): Promise<boolean> {
    const { answer } = await this.#inSession(asking, client, member, (headers) => ({ body, headers }));
    answer.resume();
    return (answer.statusCode ?? 502) < 300;
  }

  /** Opens the standing stream of the client's session, or goes on with a stream after the event `lastId`. */
  listen(asking: Asking, client: Client, member: Member, signal: AbortSignal, lastId?: string): Promise<Sent> {
    const more = { 'last-event-id': lastId };
    return this.#inSession(asking, client, member, (headers) => ({
      method: 'GET',
      headers: { ...headers, ...more },
      signal,
    }));
  }

  /** A member that has restarted has forgotten its sessions: one new one, for all who wait for it, and the request once more. */
  async #inSession(
    asking: Asking,
    client: Client,
    member: Member,
    request: (headers: Record<string, string | undefined>) => Parameters<Gate['ask']>[2],
  ): Promise<Sent> {
    for (let isFirst = true; ; isFirst = false) {
      const session = await this.sessions.open(asking, client, member);
      const opening = client.sessions.get(member.server);
      session.usedAt = Date.now();
      session.uses++;
      let isInUse = true;
      const done = () => {
        if (isInUse) session.uses--;
        isInUse = false;
      };
      const asked = request(sessionHeaders(session));
      asked.signal?.addEventListener('abort', done, { once: true });
      const answer = await this.#gate.ask(asking, member, asked).catch((error) => {
        done();
        throw error;
      });
      answer.once('close', done);
      if (!(isFirst && session.id !== undefined && isForgotten(answer))) return { era: 'old', answer, session };
      answer.resume();
      if (opening?.session === session) this.sessions.forget(client, opening);
    }
  }
}

/** Members that speak both eras are asked in the new one: it needs no session. */
export function eraOf({ era }: Member, { needsOld }: Pick<MemberRequest, 'needsOld'>): Era {
  if (era === 'both') return needsOld ? 'old' : 'new';
  return era;
}

/** The gate says 404 as well, of a server that is not there: then a new session would not help. */
function isForgotten(answer: IncomingMessage): boolean {
  const code = gateCodeOf(answer);
  return answer.statusCode === 404 && (code === undefined || code === 'session_unknown');
}
