import { type Json, objectParam, text, texts } from './request-shape.ts';

const tasksExtension = 'io.modelcontextprotocol/tasks';

/**
 * Returns the ids of the tasks that a request names: tasks of MCP 2025-11-25 and of the tasks extension of 2026-07-28
 * (SEP-2663).
 * @throws {RefusedRequest} if a required id is missing
 */
export function readTasks(method: string, params: Json): readonly string[] | undefined {
  if (method === 'subscriptions/listen') {
    const { taskIds } = objectParam(params.notifications ?? {}, 'params.notifications');
    if (taskIds === undefined) return undefined;
    return texts(taskIds, 'params.notifications.taskIds');
  }
  if (!method.startsWith('tasks/') || method === 'tasks/list') return undefined;
  return [text(params.taskId, 'params.taskId')];
}

/**
 * Whether the answer may be a task instead of a result: the client asks for one (2025-11-25) or announces with each
 * request that it accepts one (2026-07-28).
 */
export function mayCreateTask({ task, _meta }: Json): boolean {
  if (task !== undefined) return true;
  const capabilities = member(_meta, 'io.modelcontextprotocol/clientCapabilities');
  return (
    member(capabilities, tasksExtension) !== undefined ||
    member(member(capabilities, 'extensions'), tasksExtension) !== undefined
  );
}

function member(value: unknown, key: string): unknown {
  return typeof value === 'object' && value !== null ? (value as Json)[key] : undefined;
}
