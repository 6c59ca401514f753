import { randomUUID } from 'node:crypto';
import type { StreamEvent } from '../../common/answers/event-stream.ts';
import { locate } from '../../common/answers/rewrite.ts';
import { parseJson } from '../../common/text/json.ts';
import { Client } from './client.ts';
import { BrokerError, rpcCode } from './errors.ts';
import type { Announced, Asking, ClientSession, Exchange, Member, Reply } from './exchange.ts';
import { limits } from './limits.ts';
import { Members } from './member.ts';
import { headersOfSchema } from './members/envelope.ts';
import type { Gate } from './members/gate.ts';
import { Call } from './passing/call.ts';
import { HeldCalls } from './questions/held.ts';
import { notAnswered } from './questions/question.ts';

/** One call of a tool, without a client behind it that could be asked anything or be told of progress. */
interface OneCall {
  server: string;
  tool: string;
  arguments: object;
  /** Finds the tool's input schema, for a server that wants arguments in headers (`x-mcp-header`). */
  schema: () => Promise<unknown>;
  /** Aborted when the caller gives up. */
  signal: AbortSignal;
}

/** Calls a tool for its caller. @returns the result, as the server sent it. @throws {BrokerError} */
export type CallOnce = (asking: Asking, call: OneCall) => Promise<Record<string, unknown>>;

/** @param clientInfo what members are told of the caller */
export function createCallOnce(gate: Gate, clientInfo: Announced['clientInfo']): CallOnce {
  const members = new Members(gate);
  const parts = { members, held: new HeldCalls<never>() };
  const announced = { protocolVersion: '2025-11-25', capabilities: {}, clientInfo };

  return async (asking, { server, tool, arguments: args, schema, signal }) => {
    const session: ClientSession = { id: randomUUID(), owner: asking.owner, announced, send: () => false };
    const client = new Client(asking.owner, 'old', announced, session);
    const member: Member = { server, era: await members.eraOf(asking, server) };
    const method = 'tools/call';
    const params = { name: tool, arguments: args };
    const text = JSON.stringify({ jsonrpc: '2.0', id: 0, method, params });
    const reply = new LastMessage(signal);
    const exchange: Exchange = {
      ...asking,
      era: 'old',
      session,
      announced,
      message: { id: 0, method, params },
      text,
      reply,
    };
    try {
      const request = { body: Buffer.from(text), method, name: tool };
      const send = (headers: Record<string, string>) =>
        new Call(parts, exchange, client, { member, request: { ...request, params: headers }, mayFail: true }).run();
      let error = await send({});
      // Few tools want headers, so that the registry is asked for those alone. The server has refused before it has done anything.
      if (error?.code === rpcCode.headerMismatch) error = await send(headersOfSchema(await schema(), args));
      if (error) throw withHint(error, server);
      return reply.result(server);
    } finally {
      void members.sessions.endAll(asking, client);
    }
  };
}

/** Keeps what comes last: the answer. */
class LastMessage implements Reply {
  readonly gone: AbortSignal;
  #last: Buffer | undefined;

  constructor(gone: AbortSignal) {
    this.gone = gone;
  }

  whole(_status: number, json: string | Uint8Array): void {
    this.#last = Buffer.from(json);
  }

  async event({ data }: StreamEvent): Promise<void> {
    if (data && data.length > 0) this.#last = data;
  }

  end(): void {}

  /** @throws {BrokerError} for an error, and for a result that is larger than a caller without streams should get */
  result(server: string): Record<string, unknown> {
    const json = this.#last;
    if (!json) throw new BrokerError(rpcCode.unavailable, `${server} gave no answer.`);
    if (json.length > limits.onceResult)
      throw new BrokerError(
        rpcCode.unavailable,
        `The result is larger than ${limits.onceResult} bytes. Connect to ${server} itself.`,
      );
    const [result, error] = locate(json, [['result'], ['error']]);
    const value = parseJson(json.toString('utf8', result?.from ?? error?.from, result?.to ?? error?.to));
    if (result && typeof value === 'object' && value !== null) return value as Record<string, unknown>;
    const { code, message, data } = (value ?? {}) as { code?: unknown; message?: unknown; data?: unknown };
    throw withHint(new BrokerError(Number(code), String(message), { data }), server);
  }
}

/** What a tool asks can be answered only by a client that is connected to its server. */
function withHint(error: BrokerError, server: string): BrokerError {
  const isAsking = (error.data as { reason?: unknown } | undefined)?.reason === notAnswered;
  if (!isAsking && error.code !== rpcCode.capabilityMissing) return error;
  return new BrokerError(error.code, `This tool asks for input. Connect to the server ${server} itself to use it.`);
}
