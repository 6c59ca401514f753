import { type ServerMessage, stringAt } from '../../../common/answers/message.ts';
import { locate } from '../../../common/answers/rewrite.ts';
import type { Client } from '../client.ts';
import { BrokerError, rpcCode } from '../errors.ts';
import type { Asking, Member } from '../exchange.ts';
import { eraOf, type MemberRequest, type Members, type Sent } from '../member.ts';
import { errorOf, isStream, messagesOf } from '../members/answer.ts';
import { passQuestion } from '../questions/asking.ts';
import { questionIn } from '../questions/question.ts';
import type { Updates } from './updates.ts';

/** Tells that a resource has changed. */
export const updated = 'notifications/resources/updated';

/** What a member of the new era is asked to tell of. */
type Wanted = { resourceSubscriptions: readonly string[] } | { taskIds: readonly string[] };

/** Opens a stream that tells of something. @throws {BrokerError} if the member opens no stream */
export async function openStream(
  members: Members,
  asking: Asking,
  client: Client,
  member: Member,
  wanted: Wanted,
  signal: AbortSignal,
): Promise<Sent> {
  const sent =
    eraOf(member, {}) === 'new'
      ? await members.send(asking, client, member, listenTo(client.nextId(), wanted), signal)
      : await members.listen(asking, client, member, signal);
  if ((sent.answer.statusCode ?? 502) >= 400) throw await errorOf(member.server, sent.answer);
  if (isStream(sent.answer)) return sent;
  sent.answer.destroy();
  throw new BrokerError(rpcCode.unavailable, `${member.server} opens no stream for updates.`);
}

/** Passes on the updates of a stream until it ends. What the member asks on it goes to its client. */
export async function readUpdates(client: Client, member: Member, { answer }: Sent, updates: Updates): Promise<void> {
  try {
    for await (const { message } of messagesOf(member.server, answer)) {
      if (!message) continue;
      const method = stringAt(message.bytes, message.parts.get('method'));
      if (method === updated) updates.updated(uriIn(message));
      else if (method !== undefined && message.id) await askClient(client, member, method, message);
    }
  } catch {
    // The client has gone, or the member: the client subscribes again.
  } finally {
    answer.destroy();
  }
}

/**
 * A request of a member's outside of the stream of a call. A call that runs there takes it, else the standing stream of the client,
 * if it has one.
 */
async function askClient(client: Client, member: Member, method: string, message: ServerMessage): Promise<void> {
  const { own } = client;
  const { id } = message;
  const running = [...client.running.values()].findLast((each) => each.member.server === member.server);
  if (running) return await running.asked(message);
  if (!own || !id) return;
  try {
    const question = questionIn(member, client.announced.capabilities, method, message);
    const deliver = async (data: Buffer) => void own.send({ name: undefined, id: undefined, retry: undefined, data });
    await passQuestion({ client, asker: { member }, deliver }, question, id.text);
  } catch (error) {
    // Nothing admits a refusal here: no request of the client's is at hand.
    if (!(error instanceof BrokerError)) throw error;
  }
}

function uriIn({ bytes }: ServerMessage): string {
  const [uri] = locate(bytes, [['params', 'uri']]);
  return stringAt(bytes, uri) ?? '';
}

function listenTo(id: number, notifications: Wanted): MemberRequest {
  const method = 'subscriptions/listen';
  const params = { notifications };
  return { method, body: Buffer.from(JSON.stringify({ jsonrpc: '2.0', id, method, params })) };
}
