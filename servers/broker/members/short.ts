import type { IncomingHttpHeaders, IncomingMessage } from 'node:http';
import { OversizedAnswer, UnreadableAnswer, usualLimits } from '../../../common/answers/limits.ts';
import { BrokerError, rpcCode } from '../errors.ts';
import type { Asking, Member } from '../exchange.ts';
import { limits } from '../limits.ts';
import { errorOf, gateCodeOf, responseOf } from './answer.ts';
import type { Gate, GateRequest } from './gate.ts';
import type { Failures, Turns } from './turns.ts';

type Headers = Readonly<Record<string, string | undefined>>;

/** Requests of the broker's own: short, in turns, and with a deadline. A member that fails them is left out for a moment. */
export class Short {
  readonly #gate: Gate;
  readonly #turns: Turns;
  readonly #failures: Failures;

  constructor(gate: Gate, turns: Turns, failures: Failures) {
    this.#gate = gate;
    this.#turns = turns;
    this.#failures = failures;
  }

  /**
   * Asks a member and reads its result.
   * @throws {BrokerError} with the gate's, the member's or the broker's sentence
   */
  ask(
    asking: Asking,
    member: Member,
    message: { id: number; method: string; params: object },
    headers: Headers = {},
  ): Promise<{ result: Record<string, unknown>; headers: IncomingHttpHeaders }> {
    const body = Buffer.from(JSON.stringify({ jsonrpc: '2.0', ...message }));
    return this.#exchange(asking, member, { body, headers }, async (answer) => {
      const { bytes, resultSpan } = await responseOf(member.server, answer);
      if (!resultSpan) throw new UnreadableAnswer('an answer without a result');
      if (resultSpan.to - resultSpan.from > usualLimits.bytes) throw new OversizedAnswer('too large an answer');
      const result = JSON.parse(bytes.toString('utf8', resultSpan.from, resultSpan.to)) as Record<string, unknown>;
      return { result, headers: answer.headers };
    });
  }

  /** Sends a notification. */
  async notify(asking: Asking, member: Member, message: object, headers: Headers): Promise<void> {
    const body = Buffer.from(JSON.stringify({ jsonrpc: '2.0', ...message }));
    await this.tell(asking, member, { body, headers });
  }

  /** Sends what has no answer but a status. */
  async tell(asking: Asking, member: Member, request: GateRequest): Promise<void> {
    await this.#exchange(asking, member, request, async (answer) => {
      if ((answer.statusCode ?? 502) >= 400) throw await errorOf(member.server, answer);
      answer.resume();
    });
  }

  async #exchange<T>(
    asking: Asking,
    member: Member,
    request: GateRequest,
    read: (answer: IncomingMessage) => Promise<T>,
  ): Promise<T> {
    const { server } = member;
    return await this.#turns.run(asking.owner, async () => {
      this.#failures.check(server);
      const signal = AbortSignal.timeout(limits.shortRequest);
      let answer: IncomingMessage | undefined;
      try {
        answer = await this.#gate.ask(asking, member, { ...request, signal });
        const value = await read(answer);
        this.#failures.worked(server);
        return value;
      } catch (cause) {
        answer?.destroy();
        const error = asBrokerError(server, cause, signal);
        // What the gate or the server refuses is no failure of the server, and neither is a gate that is down.
        const isRefusal = !answer || gateCodeOf(answer) !== undefined || (error.status ?? 502) < 500;
        if (signal.aborted || !isRefusal) this.#failures.failed(server, error.message);
        throw error;
      }
    });
  }
}

/** Any failure as a sentence for the caller. */
export function asBrokerError(server: string, cause: unknown, deadline?: AbortSignal): BrokerError {
  if (cause instanceof BrokerError) return cause;
  if (deadline?.aborted)
    return new BrokerError(rpcCode.unavailable, `${server} did not answer within ${limits.shortRequest / 1000} s.`, {
      cause,
    });
  if (cause instanceof UnreadableAnswer)
    return new BrokerError(rpcCode.unavailable, `${server} cannot be understood: it sent ${cause.message}.`, { cause });
  return new BrokerError(rpcCode.unavailable, `${server} broke off its answer.`, { cause });
}
