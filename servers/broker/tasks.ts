import type { Client } from './client.ts';
import type { Exchange } from './exchange.ts';
import type { Members } from './member.ts';

import { outerTaskId } from './passing/task-ids.ts';
import { idOf } from './passing/writer.ts';

/** Of one member, in an answer. */
const mostTasks = 1_000;

/**
 * Answers `tasks/list` (MCP 2025-11-25) with the tasks at all members that this client has a session with: it has tasks at no
 * other. A member that fails is left out.
 */
export async function listTasks(members: Members, exchange: Exchange, client: Client): Promise<undefined> {
  const open = [...client.sessions.values()].filter(({ session }) => 'tasks' in (session?.capabilities ?? {}));
  const lists = await Promise.all(
    open.map(async ({ member }) => {
      const result = await members.sessions
        .ask(exchange, client, member, { method: 'tasks/list', params: {} })
        .catch((): Record<string, unknown> => ({}));
      const tasks = Array.isArray(result.tasks) ? result.tasks.slice(0, mostTasks) : [];
      return tasks.flatMap((task: { taskId?: unknown } | null) =>
        typeof task?.taskId === 'string' ? [{ ...task, taskId: outerTaskId(member.server, task.taskId) }] : [],
      );
    }),
  );
  const json = JSON.stringify({ tasks: lists.flat() });
  exchange.reply.whole(200, `{"jsonrpc":"2.0","id":${idOf(exchange)},"result":${json}}`);
}
