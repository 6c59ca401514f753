import { lifecycle, methods } from '../../../policy/request/methods.ts';
import { headerName } from '../../../policy/request/request-hygiene.ts';
import type { ClientMessage, Era } from '../../broker/exchange.ts';
import { codes, Refusal } from './errors.ts';

/** The version without sessions, and those before it, newest first. */
export const newVersion = '2026-07-28';
export const oldVersions = ['2025-11-25', '2025-06-18', '2025-03-26', '2024-11-05'] as const;

/** The names of what a new client says of itself in `_meta`. */
export const metaKeys = {
  version: 'io.modelcontextprotocol/protocolVersion',
  capabilities: 'io.modelcontextprotocol/clientCapabilities',
  client: 'io.modelcontextprotocol/clientInfo',
  subscription: 'io.modelcontextprotocol/subscriptionId',
} as const;

/** The tasks extension of 2026-07-28 (SEP-2663). */
export const tasksExtension = 'io.modelcontextprotocol/tasks';

/** The headers that a client repeats the body in. */
export interface MessageHeaders {
  version: string | undefined;
  method: string | undefined;
  name: string | undefined;
}

/** Methods that 2026-07-28 has no more, and those that it brought. */
const onlyOld: ReadonlySet<string> = new Set([
  'initialize',
  'ping',
  'logging/setLevel',
  'resources/subscribe',
  'resources/unsubscribe',
  'tasks/list',
  'tasks/result',
]);
const onlyNew: ReadonlySet<string> = new Set(['server/discover', 'subscriptions/listen', 'tasks/update']);

/** The parameter that `Mcp-Name` repeats (MCP 2026-07-28, "Header standardisation"). */
const namedBy: ReadonlyMap<string, string> = new Map([
  ['tools/call', 'name'],
  ['prompts/get', 'name'],
  ['resources/read', 'uri'],
  ['tasks/get', 'taskId'],
  ['tasks/update', 'taskId'],
  ['tasks/cancel', 'taskId'],
]);

/**
 * In which era a client speaks. The body says it: a new client's request carries its version in `_meta`. The header has to agree
 * (MCP 2026-07-28, "Transports" and "Versioning").
 * @throws {Refusal} with the status and code that the version asks for
 */
export function eraOf(message: ClientMessage, headers: MessageHeaders): Era {
  const { method, id, params } = message;
  const saysNew = headers.version !== undefined && isNew(headers.version);
  const meta = objectOf(params?._meta);
  const claims = meta !== undefined && metaKeys.version in meta;
  if (method === undefined) {
    if (saysNew) throw new Refusal(400, codes.invalidRequest, `MCP ${newVersion} has no responses of clients.`);
    return 'old';
  }
  if (id === undefined) return saysNew || (claims && isNew(String(meta[metaKeys.version]))) ? 'new' : 'old';
  if (!claims) {
    if (!saysNew) return oldRequest(method, headers.version);
    throw method === 'initialize'
      ? mismatch('MCP-Protocol-Version', 'initialize belongs to earlier versions')
      : new Refusal(400, codes.invalidParams, `A request of MCP ${newVersion} needs ${metaKeys.version} in _meta.`);
  }
  checkEnvelope(meta, headers.version);
  checkHeaders(method, params, headers);
  if (onlyOld.has(method) || !isKnown(method)) throw unknownMethod(404, method);
  return 'new';
}

function oldRequest(method: string, version: string | undefined): Era {
  if (version !== undefined && method !== 'initialize' && !oldVersions.some((each) => each === version)) {
    const supported = [newVersion, ...oldVersions].join(', ');
    throw new Refusal(400, codes.invalidRequest, `Unsupported protocol version. The hub speaks ${supported}.`);
  }
  if (onlyNew.has(method) || !isKnown(method)) throw unknownMethod(200, method);
  return 'old';
}

function checkEnvelope(meta: Record<string, unknown>, header: string | undefined): void {
  const version = meta[metaKeys.version];
  if (typeof version !== 'string') throw envelopeFault(metaKeys.version, 'must be a string');
  if (!objectOf(meta[metaKeys.capabilities])) throw envelopeFault(metaKeys.capabilities, 'must be an object');
  if (metaKeys.client in meta && !objectOf(meta[metaKeys.client]))
    throw envelopeFault(metaKeys.client, 'must be an object');
  if (header !== version) throw mismatch('MCP-Protocol-Version', `_meta says ${version}`);
  if (version === newVersion) return;
  const data = { supported: [newVersion], requested: version };
  throw new Refusal(400, codes.unsupportedVersion, `Unsupported protocol version. The hub speaks ${newVersion}.`, data);
}

function checkHeaders(method: string, params: ClientMessage['params'], headers: MessageHeaders): void {
  if (headers.method !== method) throw mismatch('Mcp-Method', `the body says ${method}`);
  const field = namedBy.get(method);
  const name = field === undefined ? undefined : params?.[field];
  if (typeof name !== 'string') return;
  if (headers.name === undefined || headerName(headers.name) !== name)
    throw mismatch('Mcp-Name', 'the body names another');
}

/** By their dates: a version to come is one of these too, and is refused with what is supported. */
function isNew(version: string): boolean {
  return /^\d{4}-\d\d-\d\d$/.test(version) && version >= newVersion;
}

function isKnown(method: string): boolean {
  return methods.has(method) || (lifecycle.has(method) && !method.startsWith('('));
}

/** @returns undefined for anything but an object */
export function objectOf(value: unknown): Record<string, unknown> | undefined {
  const isObject = typeof value === 'object' && value !== null && !Array.isArray(value);
  return isObject ? (value as Record<string, unknown>) : undefined;
}

function envelopeFault(key: string, fault: string): Refusal {
  return new Refusal(400, codes.invalidParams, `${key} in _meta ${fault}.`);
}

function mismatch(header: string, body: string): Refusal {
  return new Refusal(400, codes.headerMismatch, `The header ${header} does not agree with the body: ${body}.`);
}

function unknownMethod(status: number, method: string): Refusal {
  return new Refusal(status, codes.methodNotFound, `The hub has no method ${method} in this version of MCP.`);
}
