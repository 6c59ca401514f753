import { isSameId, type ServerMessage } from '../../../common/answers/message.ts';
import { splice } from '../../../common/answers/rewrite.ts';
import type { Client, Running } from '../client.ts';
import { BrokerError, rpcCode } from '../errors.ts';
import type { Asking, Exchange, Member } from '../exchange.ts';
import { limits } from '../limits.ts';
import type { MemberRequest, Members, Sent } from '../member.ts';
import { errorIn, gateCodeOf, isStream, leadsToPage, type Said } from '../members/answer.ts';
import { asBrokerError } from '../members/short.ts';
import { askAll, heldAnswer, type QuestionTo } from '../questions/asking.ts';
import type { HeldCalls } from '../questions/held.ts';
import { mayAskBeside, takeQuestion } from '../questions/in-call.ts';
import type { Question } from '../questions/question.ts';
import { asInputRequired, inputRequired, withResponses } from './across.ts';
import { linksIn } from './links.ts';
import { Notices, tokenOf } from './notices.ts';
import { Reading } from './reading.ts';
import { responseFor } from './response.ts';
import { requireInTime, unavailable } from './status.ts';
import { cancelled, errorMessage, idOf, Writer } from './writer.ts';

/** A call that waits for its client, and the request of the member that the client has to answer. */
export interface HeldCall {
  call: Call;
  memberId: string;
}

export interface CallParts {
  members: Members;
  held: HeldCalls<HeldCall>;
  /** Hears what a member asks outside of the stream of a call. @returns ends it */
  hear?: (exchange: Exchange, client: Client, member: Member) => Promise<() => void>;
}

const key = 'asked';

/**
 * One request of a client at one member, from its first byte to its answer. What the member sends is read, bounded, and written
 * again from what was understood.
 */
export class Call implements Running {
  readonly member: Member;
  /** The client's id of the request, as JSON. */
  clientId: string;
  readonly method: string;
  readonly #parts: CallParts;
  readonly #client: Client;
  readonly #request: MemberRequest;
  readonly #notices = new Notices();
  readonly #token: string | undefined;
  readonly #mayFail: boolean;
  #exchange: Exchange;
  #body: Buffer;
  #id: number;
  #stop = new AbortController();
  #deaf: (() => void) | undefined;
  readonly #reading: Reading;
  #writer: Writer;
  #mayResume = false;

  /**
   * @param request with the member's own names
   * @param mayFail whether another member is asked if this one refuses
   */
  constructor(
    parts: CallParts,
    exchange: Exchange,
    client: Client,
    to: { member: Member; request: MemberRequest; mayFail?: boolean },
  ) {
    this.#parts = parts;
    this.#exchange = exchange;
    this.#client = client;
    this.member = to.member;
    this.#request = to.request;
    this.#mayFail = to.mayFail ?? false;
    this.#body = to.request.body;
    this.method = to.request.method;
    this.clientId = idOf(exchange);
    this.#writer = new Writer(to.member.server, exchange.reply);
    this.#reading = new Reading(to.member, client.era === 'new');
    this.#token = tokenOf(exchange);
    this.#id = client.nextId();
  }

  /** Whether a call goes on with what this one has begun. */
  isFor(server: string, { method, name }: MemberRequest): boolean {
    return this.member.server === server && this.method === method && this.#request.name === name;
  }

  /** @returns the error, if nothing was answered yet */
  async run(): Promise<BrokerError | undefined> {
    return await this.#guard(async () => {
      const { hear } = this.#parts;
      const { capabilities } = this.#exchange.announced;
      if (hear && mayAskBeside(this.member, this.#request, capabilities))
        this.#deaf = await hear(this.#exchange, this.#client, this.member);
      for (let round = 0; round < limits.rounds; round++) {
        this.#client.running.set(this.#id, this);
        this.#reading.begin(this.#send(round > 0));
        const again = await this.#drain();
        if (!again) return;
        this.#client.finished(this.#id);
        this.#id = this.#client.nextId();
        this.#body = again;
      }
      throw unavailable(this.member, 'asks for input again and again');
    });
  }

  /** Goes on with a call that has waited for the client's answer. */
  async goOn(exchange: Exchange, memberId: string): Promise<BrokerError | undefined> {
    this.#exchange = exchange;
    this.clientId = idOf(exchange);
    this.#writer = new Writer(this.member.server, exchange.reply);
    this.#reading.goOn();
    return await this.#guard(async () => {
      await this.#parts.members.tell(exchange, this.#client, this.member, heldAnswer(exchange.text, key, memberId));
      await this.#drain();
    });
  }

  /** Goes on with a stream that has ended before the answer. */
  async resume(exchange: Exchange, lastId: string): Promise<BrokerError | undefined> {
    this.#exchange = exchange;
    this.#writer = new Writer(this.member.server, exchange.reply);
    this.#mayResume = false;
    this.#stop = new AbortController();
    return await this.#guard(async () => {
      this.#reading.begin(this.#parts.members.listen(exchange, this.#client, this.member, this.#stop.signal, lastId));
      await this.#drain();
    });
  }

  /** Takes what the member asks outside of the stream of this call. */
  async asked(message: ServerMessage): Promise<void> {
    if (!this.#writer.isOver) await this.#takeQuestion(message);
  }

  /** The client does not want the answer any more. */
  cancel(asking: Asking = this.#exchange): void {
    if (this.#writer.isOver) return;
    if (this.#client.era === 'old') void this.#writer.end();
    // For a member of the old era the end of the stream is no end of the call.
    if (this.#reading.sent?.era === 'old') this.#tellMember(cancelled(this.#id), asking);
    this.#stop.abort();
  }

  /** The client's connection has gone. For an old client that is no cancel: it may come back for the answer. */
  readonly #gone = (): void => {
    if (this.#client.era === 'new') this.cancel();
    else this.#stop.abort();
  };

  async #guard(work: () => Promise<void>): Promise<BrokerError | undefined> {
    const { gone } = this.#exchange.reply;
    gone.addEventListener('abort', this.#gone, { once: true });
    if (gone.aborted) this.#gone();
    try {
      await work();
    } catch (cause) {
      if (this.#stop.signal.aborted || this.#writer.isOver) return undefined;
      const error = asBrokerError(this.member.server, cause);
      if (!this.#writer.isStreaming) return error;
      await this.#writer.answer(errorMessage(this.clientId, error));
    } finally {
      gone.removeEventListener('abort', this.#gone);
      if (!this.#reading.isWaiting) this.#close();
    }
    return undefined;
  }

  #close(): void {
    this.#deaf?.();
    this.#reading.close();
    for (const [id, asked] of this.#client.asked) if (asked.asker === this) this.#client.asked.delete(id);
    if (this.#mayResume && !this.#writer.isOver) this.#client.keepUnfinished(this.#id);
    else this.#client.finished(this.#id);
  }

  async #send(isAgain: boolean): Promise<Sent> {
    const { edits = [] } = this.#request;
    const body = splice(this.#body, [...edits, { path: ['id'], json: String(this.#id) }]);
    const request = { ...this.#request, body };
    const sent = await this.#parts.members.send(this.#exchange, this.#client, this.member, request, this.#stop.signal);
    if (isAgain) requireInTime(sent);
    return sent;
  }

  /** Reads the answer up to its end. @returns the request that has to follow */
  async #drain(): Promise<Buffer | undefined> {
    const reading = this.#reading;
    const sent = await reading.head();
    if (!sent) return undefined;
    // If another member may be asked, nothing goes out before it is known whether this one refuses.
    if (isStream(sent.answer) && !this.#mayFail) await this.#writer.event({});
    for (;;) {
      const step = await reading.next();
      if (!step) return undefined;
      if (step.done) break;
      const again = await this.#take(sent, step.value);
      if (again || this.#writer.isOver || reading.isWaiting) return again;
    }
    if (!this.#mayResume) throw unavailable(this.member, 'ended its stream without an answer');
    this.#exchange.reply.end();
    return undefined;
  }

  /** @returns the request that has to follow */
  async #take(sent: Sent, { eventId, retry, message }: Said): Promise<Buffer | undefined> {
    if (retry !== undefined && this.#writer.isStreaming) await this.#writer.event({ retry });
    if (eventId !== undefined && this.#client.era === 'old') this.#mayResume = true;
    if (!message) {
      if (eventId !== undefined) await this.#writer.event({ id: eventId, data: Buffer.alloc(0) });
      return undefined;
    }
    if (message.isResponse) return await this.#takeResponse(sent, message, eventId);
    if (message.parts.has('id')) {
      // A member of the new era asks by its answer.
      if (sent.era === 'old') await this.#takeQuestion(message, eventId);
      return undefined;
    }
    const notice = this.#notices.pass(this.member, message, this.#token);
    if (notice) await this.#writer.event({ id: eventId, data: notice });
    return undefined;
  }

  async #takeResponse({ era, answer }: Sent, message: ServerMessage, eventId?: string): Promise<Buffer | undefined> {
    // An answer to another request: on this stream nothing waits for it.
    if (!isSameId(message.id, { value: this.#id, text: String(this.#id) })) return undefined;
    const gate = gateCodeOf(answer);
    const mayStop = leadsToPage(gate) || (this.#mayFail && !this.#writer.isStreaming);
    const error = mayStop ? errorIn(message, undefined, gate) : undefined;
    if (error) throw error;
    const { capabilities } = this.#exchange.announced;
    const asks = inputRequired(this.member, capabilities, message);
    if (asks && this.#client.era === 'old') {
      const responses = await askAll(this.#asking, asks.questions, this.#exchange.reply.gone);
      return withResponses(this.#body, responses, asks.requestState);
    }
    for (const uri of linksIn(message)) this.#client.remember(uri, this.member);
    const { member, clientId, method } = this;
    const to = { member, clientId, method, capabilities, eras: { client: this.#client.era, member: era } };
    await this.#writer.answer(responseFor(to, message, asks), eventId);
    return undefined;
  }

  async #takeQuestion(message: ServerMessage, eventId?: string): Promise<void> {
    const { member } = this;
    const { capabilities } = this.#exchange.announced;
    const tell = (json: string) => this.#tellMember(json);
    const hold = (question: Question, memberId: string) => this.#hold(question, memberId);
    await takeQuestion({ member, capabilities, asking: this.#asking, tell, hold }, message, eventId);
  }

  /** A client of the new era is asked by the answer: the call waits until it comes back. */
  async #hold(question: Question, memberId: string): Promise<void> {
    const drop = () => this.#close();
    const handle = this.#parts.held.hold(this.#exchange.owner, { call: this, memberId }, drop);
    if (handle === undefined)
      throw new BrokerError(rpcCode.busy, 'Too many calls of this client wait for an answer already.');
    const stop = this.#reading.wait();
    await this.#writer.answer(asInputRequired(this.clientId, key, question, handle));
    stop();
  }

  get #asking(): QuestionTo {
    return { client: this.#client, asker: this, deliver: (data, id) => this.#writer.event({ id, data }) };
  }

  /** A member that does not take it waits in vain: nothing of the client's depends on it. */
  #tellMember(json: string, asking: Asking = this.#exchange): void {
    void this.#parts.members.tell(asking, this.#client, this.member, Buffer.from(json)).catch(() => undefined);
  }
}
