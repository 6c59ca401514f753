import type { Logger } from '../common/log.ts';
import type { McpRequest } from '../policy/mcp-request.ts';
import { type AuthError, meanings } from './errors.ts';
import type { OriginalRequest } from './original-request.ts';
import type { Principal } from './principal.ts';

/** What became known about one request on its way to a decision. */
export interface AuditEntry {
  started: number;
  request?: OriginalRequest;
  principal?: Principal;
  asked?: McpRequest;
  rule?: string;
  error?: AuthError;
}

/** Writes one line per decision: who, what, verdict, why. Never a credential; names are cut so that a line stays one. */
export function audit(log: Logger, { started, request, principal, asked, rule, error }: AuditEntry): void {
  const target = request?.target;
  const line = {
    verdict: error ? 'deny' : 'allow',
    ...(error && { reason: error.code, status: meanings[error.code].status }),
    request_id: request?.requestId,
    subject: principal?.subject,
    username: principal?.username,
    client_id: principal?.clientId,
    auth_method: principal?.authMethod,
    resource: target?.resource,
    server: target?.resource === 'mcp' ? target.server : undefined,
    http: request && `${request.method} ${request.uri.replace(/\?.*/s, '').slice(0, 200)}`,
    method: asked?.method.slice(0, 100),
    object: asked?.accesses.find((access) => access.object)?.object?.name.slice(0, 200),
    rule,
    microseconds: Math.round((performance.now() - started) * 1000),
  };
  if (!error) {
    log.info(line, 'allowed');
    return;
  }
  const level = meanings[error.code].logLevel;
  log[level](level === 'error' ? { ...line, err: error.cause } : line, error.message);
}
