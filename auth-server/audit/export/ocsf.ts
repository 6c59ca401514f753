import { isIP } from 'node:net';
import type { Decision } from '../../../common/doors/decisions.ts';
import { version } from '../../../common/settings/version.ts';
import { isEvent } from '../record.ts';
import { type Activity, activityOf } from './ocsf-activity.ts';

/** The version of the schema, https://schema.ocsf.io/1.5.0/classes/api_activity?profiles=security_control */
export const ocsfVersion = '1.5.0';

const product = { name: 'MCP Gateway Registry', vendor_name: 'MCP Gateway Registry', version };

/** `http_request.http_method` knows no other ones. */
const httpMethods = ['GET', 'HEAD', 'POST', 'PUT', 'DELETE', 'OPTIONS', 'TRACE', 'CONNECT'];

/**
 * A record as an event of OCSF: API Activity (6003) with the profile Security Control, which tells what the gateway did with
 * the request. What the schema has no attribute for stands in `unmapped` under its own name.
 */
export function toOcsf(decision: Decision): object {
  const activity = activityOf(decision);
  const service = decision.server ?? decision.resource;
  return {
    ...classified(activity),
    ...outcomeOf(decision),
    time: Date.parse(decision.at),
    message: decision.message,
    metadata: {
      version: ocsfVersion,
      product,
      profiles: ['security_control'],
      uid: decision.id,
      correlation_uid: decision.request_id,
      log_name: 'audit',
    },
    actor: actorOf(decision),
    src_endpoint: isIP(decision.address ?? '') ? { ip: decision.address } : { name: decision.address ?? 'unknown' },
    api: {
      operation: operationOf(decision),
      service: service === undefined ? undefined : { name: service },
      request: decision.request_id === undefined ? undefined : { uid: decision.request_id },
    },
    http_request: httpOf(decision),
    http_response: decision.status === undefined ? undefined : { code: decision.status },
    resources: resourcesOf(decision),
    policy:
      decision.policy === undefined ? undefined : { name: 'scopes.yml', uid: decision.rule, version: decision.policy },
    unmapped: unmappedOf(decision),
  };
}

function classified({ id, name }: Activity) {
  return {
    category_uid: 6,
    category_name: 'Application Activity',
    class_uid: 6003,
    class_name: 'API Activity',
    activity_id: id,
    activity_name: name,
    type_uid: 600_300 + id,
    type_name: `API Activity: ${id === 99 ? 'Other' : name}`,
  };
}

/** A refusal is of low severity: the gateway has done its work. One that the gateway itself caused is more. */
function outcomeOf({ verdict, reason, status = 0 }: Decision) {
  if (verdict === 'allow')
    return {
      ...{ severity_id: 1, severity: 'Informational', status_id: 1, status: 'Success' },
      ...{ action_id: 1, action: 'Allowed', disposition_id: 1, disposition: 'Allowed' },
    };
  const severity = status >= 500 ? { severity_id: 3, severity: 'Medium' } : { severity_id: 2, severity: 'Low' };
  return {
    ...{ ...severity, status_id: 2, status: 'Failure', status_code: reason },
    ...{ action_id: 2, action: 'Denied', disposition_id: 2, disposition: 'Blocked' },
  };
}

function actorOf(decision: Decision) {
  const { subject, username, shown_name, client_id, client_name, groups } = decision;
  const app = { app_uid: client_id, app_name: client_name };
  if (subject === undefined && username === undefined) {
    const user = isEvent(decision) ? { name: 'gateway', type_id: 3, type: 'System' } : { name: 'unknown', type_id: 0 };
    return { ...app, user };
  }
  const named = groups?.map((name) => ({ name }));
  return { ...app, user: { uid: subject, name: username, display_name: shown_name, groups: named } };
}

/** What was asked for: the MCP method, else the method of HTTP. */
function operationOf({ method, http }: Decision): string {
  return method ?? http?.split(' ')[0] ?? 'unknown';
}

function httpOf({ http, request_id }: Decision) {
  const [, method = '', path] = /^(\S+) (.+)$/s.exec(http ?? '') ?? [];
  if (path === undefined) return undefined;
  return { http_method: httpMethods.includes(method) ? method : undefined, url: { path }, uid: request_id };
}

function resourcesOf({ object, method, server }: Decision) {
  if (object === undefined) return undefined;
  return [{ name: object, type: method?.split('/')[0], namespace: server }];
}

const unmapped = [
  'auth_method',
  'via',
  'scopes',
  'resource',
  'objects',
  'object_digest',
  'argument',
  'definition',
  'account',
  'account_used',
  'microseconds',
  'about',
  'about_name',
  'detail',
  'count',
] as const satisfies readonly (keyof Decision)[];

function unmappedOf(decision: Decision) {
  const fields = unmapped.filter((name) => decision[name] !== undefined);
  return fields.length > 0 ? Object.fromEntries(fields.map((name) => [name, decision[name]])) : undefined;
}
