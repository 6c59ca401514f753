import type { McpRequest } from '../../policy/request/mcp-request.ts';
import { AuthError } from '../denials/auth-error.ts';
import { texts } from '../denials/texts.ts';
import type { Principal } from '../identity/principal.ts';
import type { McpTarget, OriginalRequest } from '../request/original-request.ts';
import type { Binding, BindingStore } from '../store/binding.ts';
import { ownerOf } from './relay-ticket.ts';

/**
 * Checks that the caller owns the session and tasks that the request names. Another caller's, unknown and ended ones get
 * the same answer.
 * @returns the session, if the request names one; with `/messages`, its `target` is path and query at the upstream
 * @throws {AuthError} session_unknown or task_unknown
 */
export async function checkOwnership(
  bindings: BindingStore,
  principal: Principal,
  request: OriginalRequest,
  target: McpTarget,
  asked: McpRequest,
): Promise<Binding | undefined> {
  const owner = ownerOf(principal);
  const own = async (kind: Binding['kind'], id: string) => {
    const found = await bindings.find(kind, target.server, id);
    return found?.owner === owner ? found : undefined;
  };
  const { tasks = [] } = asked;
  const [only] = tasks;
  // One of them is usually in memory. Several cost one query.
  const isOwner =
    tasks.length > 1
      ? (await bindings.findOwn('task', target.server, owner, tasks)).length === new Set(tasks).size
      : only === undefined || (await own('task', only)) !== undefined;
  if (!isOwner) throw new AuthError('task_unknown', texts.task_unknown, { id: asked.id });
  const id = target.endpoint === 'messages' ? sessionInQuery(request.uri) : request.mcp.sessionId;
  // It begins a new session. The relay does not pass on the one that the client still names.
  if (asked.method === 'initialize' && target.endpoint === 'mcp') return undefined;
  if (id === undefined && target.endpoint !== 'messages') return undefined;
  const session = id === undefined ? undefined : await own('session', id);
  if (session && (target.endpoint !== 'messages' || session.target !== undefined)) return session;
  throw new AuthError('session_unknown', texts.session_unknown, { id: asked.id });
}

/** The `sessionId`, if the query is exactly that: the address that the stream's `endpoint` event gave. */
function sessionInQuery(uri: string): string | undefined {
  return /^[^?]*\?sessionId=([0-9a-f-]{36})$/.exec(uri)?.[1];
}
