import { randomUUID } from 'node:crypto';
import { locate } from '../../../common/answers/rewrite.ts';
import type { Asker, Client } from '../client.ts';
import { BrokerError, rpcCode } from '../errors.ts';
import { limits } from '../limits.ts';
import type { Question } from './question.ts';

/** How a client of the old era is asked: on the stream of a call, under ids of the broker's own. */
export interface QuestionTo {
  client: Client;
  /** The call, whose end ends its questions. */
  asker: Asker;
  deliver: (json: Buffer, eventId?: string) => Promise<void>;
}

/**
 * Passes on a request of a member of the old era. The client's answer goes to the member as it is.
 * @param memberId the member's own id, as JSON
 * @throws {BrokerError} if the member has asked too much already
 */
export async function passQuestion(
  asking: QuestionTo,
  question: Question,
  memberId: string,
  eventId?: string,
): Promise<void> {
  const meta = question.params._meta as { progressToken?: string | number } | undefined;
  const id = ask(asking, { memberId, progressToken: meta?.progressToken });
  await asking.deliver(requestOf(id, question), eventId);
}

/**
 * Asks the client what a member of the new era wants to know, all at once.
 * @returns the results by key, as JSON
 * @throws {BrokerError} if the client refuses or does not answer
 */
export async function askAll(
  asking: QuestionTo,
  questions: ReadonlyMap<string, Question>,
  gone: AbortSignal,
): Promise<ReadonlyMap<string, string>> {
  const answers = [...questions].map(async ([key, question]) => {
    const { promise, resolve, reject } = Promise.withResolvers<string>();
    const id = ask(asking, { resolve });
    const late = () => reject(new BrokerError(rpcCode.unavailable, 'The client did not answer in time.'));
    const timer = setTimeout(late, limits.heldFor);
    const left = () => reject(gone.reason);
    gone.addEventListener('abort', left, { once: true });
    try {
      await asking.deliver(requestOf(id, withPageId(question)));
      return [key, resultOf(await promise, question)] as const;
    } finally {
      clearTimeout(timer);
      gone.removeEventListener('abort', left);
      asking.client.asked.delete(id);
    }
  });
  return new Map(await Promise.all(answers));
}

/**
 * The client's answer for the member that waits for it.
 * @param text a client's request that goes on with a held call
 * @param key under which the answer is in its `inputResponses`
 * @param memberId the member's own id, as JSON
 */
export function heldAnswer(text: string, key: string, memberId: string): Buffer {
  const body = Buffer.from(text);
  const [span] = locate(body, [['params', 'inputResponses', key]]);
  const outcome = span
    ? `"result":${body.toString('utf8', span.from, span.to)}`
    : `"error":{"code":-32000,"message":"The client did not answer."}`;
  return Buffer.from(`{"jsonrpc":"2.0","id":${memberId},${outcome}}`);
}

function ask(
  { client, asker }: QuestionTo,
  more: { memberId?: string; progressToken?: string | number | undefined; resolve?: (text: string) => void },
): string {
  const id = client.ask({ asker, ...more });
  if (id === undefined) throw new BrokerError(rpcCode.busy, 'The client has not answered what it was asked before.');
  return id;
}

/** A client of 2025-11-25 refuses to open a page without an id, which 2026-07-28 does not have. */
function withPageId({ method, params }: Question): Question {
  const lacksId = params.mode === 'url' && params.elicitationId === undefined;
  return { method, params: lacksId ? { ...params, elicitationId: randomUUID() } : params };
}

function requestOf(id: string, { method, params }: Question): Buffer {
  return Buffer.from(JSON.stringify({ jsonrpc: '2.0', id, method, params }));
}

function resultOf(text: string, { method }: Question): string {
  const body = Buffer.from(text);
  const [result] = locate(body, [['result']]);
  if (result) return body.toString('utf8', result.from, result.to);
  if (method === 'elicitation/create') return '{"action":"cancel"}';
  throw new BrokerError(rpcCode.unavailable, 'The client refused to answer what the server asks.');
}
