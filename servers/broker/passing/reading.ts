import type { Member } from '../exchange.ts';
import type { Sent } from '../member.ts';
import { messagesOf, type Said } from '../members/answer.ts';
import { requireResult } from './status.ts';

/**
 * The answer of a member to one call, read message by message. A call of a client of the new era may have to wait for its client
 * in the middle: what reads stops then, and the next request of the client reads on.
 */
export class Reading {
  readonly #member: Member;
  readonly #mayWait: boolean;
  #sending: Promise<Sent> | undefined;
  #sent: Sent | undefined;
  #said: AsyncGenerator<Said> | undefined;
  #next: Promise<IteratorResult<Said>> | undefined;
  #waiting = Promise.withResolvers<undefined>();
  #isWaiting = false;

  constructor(member: Member, mayWait: boolean) {
    this.#member = member;
    this.#mayWait = mayWait;
  }

  /** The answer, as soon as it has begun. */
  get sent(): Sent | undefined {
    return this.#sent;
  }

  get isWaiting(): boolean {
    return this.#isWaiting;
  }

  /** Begins with the answer to another request. */
  begin(sending: Promise<Sent>): void {
    // While the call waits, its failure is not looked at.
    sending.catch(() => undefined);
    this.#sending = sending;
    this.#next = undefined;
    void this.#end();
  }

  /** Nothing more is read for this request of the client. @returns lets go of what waits for a message */
  wait(): () => void {
    this.#isWaiting = true;
    return () => this.#waiting.resolve(undefined);
  }

  /** The client is back. */
  goOn(): void {
    this.#isWaiting = false;
    this.#waiting = Promise.withResolvers();
  }

  /**
   * The head of the answer; undefined if the call waits for its client.
   * @throws {BrokerError} for a status with which no result can follow
   */
  async head(): Promise<Sent | undefined> {
    const sent = this.#isWaiting ? undefined : await this.#unlessWaiting(this.#sending as Promise<Sent>);
    if (!sent) return undefined;
    this.#sent = sent;
    if (this.#said) return sent;
    await requireResult(this.#member, sent);
    this.#said = messagesOf(this.#member.server, sent.answer);
    return sent;
  }

  /** The next message; undefined if the call waits for its client: then its next request gets it. */
  async next(): Promise<IteratorResult<Said> | undefined> {
    this.#next ??= (this.#said as AsyncGenerator<Said>).next();
    const step = await this.#unlessWaiting(this.#next);
    if (step) this.#next = undefined;
    return step;
  }

  close(): void {
    void this.#end();
    this.#sent?.answer.destroy();
  }

  async #end(): Promise<void> {
    const said = this.#said;
    this.#said = undefined;
    await said?.return(undefined).catch(() => undefined);
  }

  async #unlessWaiting<T>(work: Promise<T>): Promise<T | undefined> {
    if (!this.#mayWait) return await work;
    work.catch(() => undefined);
    return await Promise.race([work, this.#waiting.promise]);
  }
}
