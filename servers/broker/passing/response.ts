import type { ServerMessage, Span } from '../../../common/answers/message.ts';
import { replaced } from '../../../common/answers/rewrite.ts';
import type { Era, Member } from '../exchange.ts';
import { pagesChanged } from '../questions/pages.ts';
import { type InputRequired, newMembers, questionsChanged } from './across.ts';
import { taskIdsChanged } from './task-ids.ts';

/** For whom a response is written. */
export interface ResponseTo {
  member: Member;
  /** The client's id of the request, as JSON. */
  clientId: string;
  method: string;
  capabilities: Record<string, unknown>;
  /** In which era the client speaks, and the member. */
  eras: { client: Era; member: Era };
}

/**
 * A member's response as its client gets it: the text that the member wrote, but for ids and questions.
 * @param asks what it asks the client for
 * @throws {BrokerError} if it asks for pages that the member may not open
 */
export function responseFor(to: ResponseTo, message: ServerMessage, asks: InputRequired | undefined): Buffer {
  const { member, clientId, method, capabilities, eras } = to;
  const changes = [
    { ...(message.parts.get('id') as Span), json: clientId },
    ...pagesChanged(member, capabilities, message),
    ...(asks ? questionsChanged(asks) : []),
    ...taskIdsChanged(member.server, method, message),
    ...(eras.client === 'new' && eras.member === 'old' ? newMembers(method, message) : []),
  ];
  return replaced(message.bytes, changes);
}
