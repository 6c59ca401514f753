import { type ServerMessage, type Span, stringAt } from '../../../common/answers/message.ts';
import { type Change, locate } from '../../../common/answers/rewrite.ts';
import type { Client } from '../client.ts';
import type { Era, Member } from '../exchange.ts';

const relatedTask = 'io.modelcontextprotocol/related-task';
const openObject = 0x7b;

/** A task's id as clients see it: with its server, because two servers may give one id. Names of servers have no slash. */
export function outerTaskId(server: string, id: string): string {
  return `${server}/${id}`;
}

/**
 * The server and its own id of a task.
 * @param clientEra the era of a member that was not used yet: tasks of one era are unknown in the other
 */
export function innerTaskId(client: Client, clientEra: Era, id: unknown): { member: Member; id: string } | undefined {
  if (typeof id !== 'string') return undefined;
  const at = id.indexOf('/');
  if (at <= 0) return undefined;
  const server = id.slice(0, at);
  const member = client.sessions.get(server)?.member ?? { server, era: clientEra };
  return { member, id: id.slice(at + 1) };
}

/**
 * What changes in a message of a member so that the ids of its tasks are as clients see them: MCP 2025-11-25, "Tasks", and the
 * tasks extension of 2026-07-28.
 * @param method of the request that it answers; undefined for a request or notification of the member's own
 */
export function taskIdsChanged(server: string, method: string | undefined, message: ServerMessage): Change[] {
  const { bytes, result, parts, lists } = message;
  if (!bytes.includes('task')) return [];
  const spans: (Span | undefined)[] = [];
  const isAbout = method?.startsWith('tasks/') || stringAt(bytes, result.get('resultType')) === 'task';
  if (isAbout) spans.push(result.get('taskId'));
  for (const task of [result.get('task'), ...(lists.get('tasks') ?? [])]) spans.push(memberOf(bytes, task, 'taskId'));
  const params = parts.get('params');
  if (stringAt(bytes, parts.get('method'))?.startsWith('notifications/tasks'))
    spans.push(memberOf(bytes, params, 'taskId'));
  for (const meta of [result.get('_meta'), memberOf(bytes, params, '_meta')])
    spans.push(memberOf(bytes, memberOf(bytes, meta, relatedTask), 'taskId'));
  return spans.flatMap((span) => {
    const id = stringAt(bytes, span);
    return span && id !== undefined ? [{ ...span, json: JSON.stringify(outerTaskId(server, id)) }] : [];
  });
}

function memberOf(bytes: Buffer, span: Span | undefined, key: string): Span | undefined {
  if (!span || bytes[span.from] !== openObject) return undefined;
  return locate(bytes, [[key]], span)[0];
}
