import { type ServerMessage, stringAt } from '../../../common/answers/message.ts';
import { BrokerError } from '../errors.ts';
import type { Member } from '../exchange.ts';
import { eraOf, type MemberRequest } from '../member.ts';
import { passQuestion, type QuestionTo } from './asking.ts';
import { type Question, questionIn } from './question.ts';

/** A call in the middle of which its member asks something. */
export interface AskedCall {
  member: Member;
  /** What the client of the call can answer. */
  capabilities: Record<string, unknown>;
  asking: QuestionTo;
  /** Sends the member a message, and does not wait. */
  tell: (json: string) => void;
  /** Keeps the call until its client of the new era comes back with the answer. @throws {BrokerError} */
  hold: (question: Question, memberId: string) => Promise<void>;
}

/** Asks the client what a member of the old era wants to know. A refusal goes to the member. */
export async function takeQuestion(call: AskedCall, message: ServerMessage, eventId?: string): Promise<void> {
  const { bytes, parts, id } = message;
  if (!id) return;
  const isNew = call.asking.client.era === 'new';
  const method = stringAt(bytes, parts.get('method')) ?? '';
  const tell = (answer: string) => call.tell(`{"jsonrpc":"2.0","id":${id.text},${answer}}`);
  if (method === 'ping' && isNew) return tell('"result":{}');
  try {
    const question = questionIn(call.member, call.capabilities, method, message);
    if (isNew) return await call.hold(question, id.text);
    await passQuestion(call.asking, question, id.text, eventId);
  } catch (error) {
    if (!(error instanceof BrokerError)) throw error;
    tell(`"error":${JSON.stringify({ code: error.code, message: error.message })}`);
  }
}

/**
 * Whether a member may ask for something on the standing stream of its session, beside the stream of the call: many servers on SDKs
 * of 2025 do.
 * @param capabilities the client's
 */
export function mayAskBeside(
  member: Member,
  request: Pick<MemberRequest, 'method' | 'needsOld'>,
  { elicitation, roots, sampling }: Record<string, unknown>,
): boolean {
  const answers = elicitation ?? roots ?? (member.sampling ? sampling : undefined);
  const isOld = eraOf(member, request) === 'old' && member.transport === undefined;
  return isOld && request.method === 'tools/call' && answers !== undefined;
}
