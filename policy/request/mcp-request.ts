import { approveKey, connectKey, opensPages, wasAskedToOpen } from './client-pages.ts';
import { callTools, type ObjectKind, removedMethods } from './methods.ts';
import type { InexactNumbers } from './number-as-written.ts';
import { RefusedRequest } from './refused-request.ts';
import { headerName, judgedKeys, refuseLookAlikes } from './request-hygiene.ts';
import { NumberInBody, type RequestId } from './request-id.ts';
import { asObject, halfCharacter, invalidParams, type Json, objectParam, text, texts } from './request-shape.ts';
import { parseStrictJson, UnreadableBody } from './strict-json.ts';
import { mayCreateTask, readTasks } from './task-request.ts';
import { readToolArguments, type ToolArguments } from './tool-arguments.ts';

export { anyArguments, type ToolArguments, unknownArguments } from './tool-arguments.ts';

/** All endpoints of a server: streamable HTTP, and the two of the 2024-11-05 transport. */
export type Endpoint = 'mcp' | 'sse' | 'messages';

/** A request before parsing. */
export interface RawMcpRequest {
  httpMethod: string;
  endpoint: Endpoint;
  body: Uint8Array;
  /** Returns what `parseStrictJson` made of `body`, or throws its error, if it has read it already. */
  parsed?: (() => unknown) | undefined;
  /** What `inexactNumbers` says of `body`, if it was asked already. */
  inexact?: InexactNumbers | undefined;
  /** Header values; undefined when not sent. */
  mcpMethod?: string | undefined;
  mcpName?: string | undefined;
  protocolVersion?: string | undefined;
}

/** One access that a request asks for: a method, and the object that it names, if any. */
export interface Access {
  method: string;
  object?: { kind: ObjectKind; name: string };
  /** Of a call of a tool; undefined counts as none. */
  arguments?: ToolArguments | undefined;
}

/** A parsed request. All of `accesses` must be allowed. */
export interface McpRequest {
  id?: RequestId;
  method: string;
  accesses: readonly [Access, ...Access[]];
  /** Ids of the tasks that it names. They must be the caller's own. */
  tasks?: readonly string[];
  /** What a tool is asked to call that calls other tools: its arguments `server` and `tool`. */
  calls?: { server: string; tool: string };
  /** Whether the answer may be a new task instead of a result. */
  mayCreateTask?: boolean;
  /** Whether the client claims 2026-07-28 or later, whose statuses and results differ. */
  isModern?: boolean;
  /** Whether the client says here that it can ask its person to open a page. */
  opensPages?: boolean;
  /** Whether its person was asked to connect an account, in answer to the same request. */
  wasAskedToConnect?: boolean;
  /** The same for a page on which the call is approved. */
  wasAskedToApprove?: boolean;
}

const longestToolName = 256;

const judgedMembers = judgedKeys('jsonrpc', 'id', 'method', 'params', 'result', 'error');
const judgedParams = judgedKeys('name', 'arguments', 'uri', 'ref', 'notifications', 'task', 'taskId', '_meta');
const judgedRef = judgedKeys('type', 'name', 'uri');
const judgedNotifications = judgedKeys('resourceSubscriptions', 'taskIds');

/**
 * Reads what a request asks for from its HTTP method, endpoint, body and `Mcp-*` headers (MCP 2024-11-05 to 2026-07-28,
 * "Transports" and "Header standardisation"). The body decides; headers are claims that must agree with it.
 * @throws {RefusedRequest} unless it is exactly one well-formed JSON-RPC message at an endpoint that accepts it
 */
export function readMcpRequest(raw: RawMcpRequest): McpRequest {
  const { httpMethod, endpoint, body } = raw;
  const takes = { mcp: ['POST', 'GET', 'DELETE'], sse: ['GET'], messages: ['POST'] }[endpoint];
  if (!takes.includes(httpMethod)) {
    throw new RefusedRequest(`${httpMethod} is not offered at /${endpoint}: it takes ${takes.join(', ')}`, {
      status: 405,
      allow: takes,
    });
  }
  if (httpMethod === 'POST') return readMessage(raw);
  if (body.length > 0) throw new RefusedRequest(`a ${httpMethod} request has no body`);
  const method = httpMethod === 'GET' ? '(stream)' : '(end)';
  return { method, accesses: [{ method }] };
}

function readMessage(raw: RawMcpRequest): McpRequest {
  const message = asObject(parse(raw), 'the body must be one JSON-RPC message; batches are not accepted');
  const id = readId(message, raw.body);
  try {
    refuseLookAlikes(message, judgedMembers);
    if (message.jsonrpc !== '2.0') throw new RefusedRequest('jsonrpc must be "2.0"');
    const modern = isModern(raw, message);
    if (modern && removedMethods.has(String(message.method)))
      throw new RefusedRequest(`MCP 2026-07-28 has no method ${message.method}`, { rpcCode: -32601 });
    const request = 'method' in message ? readCall(message, raw) : readResponse(message);
    checkHeaders(raw, message, request);
    return {
      ...request,
      ...(id !== undefined && { id }),
      ...(modern && { isModern: true }),
      ...(opensPages(message, modern) && { opensPages: true }),
      ...(modern && wasAskedToOpen(message, connectKey) && { wasAskedToConnect: true }),
      ...(modern && wasAskedToOpen(message, approveKey) && { wasAskedToApprove: true }),
    };
  } catch (error) {
    if (!(error instanceof RefusedRequest)) throw error;
    throw new RefusedRequest(error.message, { ...error, id });
  }
}

function parse({ body, parsed }: RawMcpRequest): unknown {
  try {
    return parsed ? parsed() : parseStrictJson(body);
  } catch (error) {
    if (error instanceof UnreadableBody) throw new RefusedRequest(error.message, { rpcCode: -32700 });
    throw error;
  }
}

/** A string, or a number without a fraction (MCP schema, `RequestId`); undefined for none and for null. */
function readId({ id }: Json, body: Uint8Array): RequestId | undefined {
  if (id === undefined || id === null) return undefined;
  if (typeof id === 'string') return id;
  if (!Number.isInteger(id)) throw new RefusedRequest('id must be a string or an integer');
  return new NumberInBody(body);
}

function readResponse(message: Json): McpRequest {
  const { result, error } = message;
  // Some programs write the other one as null.
  const isOne =
    'result' in message && 'error' in message
      ? (result === null) !== (error === null)
      : 'result' in message || 'error' in message;
  if (!isOne || 'params' in message) throw new RefusedRequest('a response has either result or error');
  return { method: '(response)', accesses: [{ method: '(response)' }] };
}

function readCall(message: Json, raw: RawMcpRequest): McpRequest {
  if ((message.result ?? message.error ?? null) !== null) throw new RefusedRequest('a request has no result or error');
  const { method } = message;
  if (typeof method !== 'string' || method === '') throw new RefusedRequest('method must be a string');
  if (!method.isWellFormed()) throw new RefusedRequest(`method ${halfCharacter}`);
  if (message.id === null) throw new RefusedRequest('id must not be null');
  const args = asObject(message.params ?? {}, 'params must be an object');
  refuseLookAlikes(args, judgedParams);
  const accesses = readAccesses(method, args, raw);
  const tasks = readTasks(method, args);
  const calls = readCalled(method, args);
  return {
    method,
    accesses,
    ...(tasks && { tasks }),
    ...(calls && { calls }),
    ...(mayCreateTask(args) && { mayCreateTask: true }),
  };
}

/** Reads the object that a method names (MCP schema, `params` of each method). */
function readAccesses(method: string, params: Json, { body, inexact }: RawMcpRequest): [Access, ...Access[]] {
  switch (method) {
    case 'tools/call':
      return [
        {
          method,
          object: { kind: 'tool', name: toolName(params.name) },
          arguments: readToolArguments(params.arguments, body, inexact),
        },
      ];
    case 'prompts/get':
      return [{ method, object: { kind: 'prompt', name: text(params.name, 'params.name') } }];
    case 'resources/read':
    case 'resources/subscribe':
    case 'resources/unsubscribe':
    case 'resources/directory/read':
      return [{ method, object: { kind: 'resource', name: text(params.uri, 'params.uri') } }];
    case 'completion/complete':
      return [{ method, object: readRef(objectParam(params.ref, 'params.ref')) }];
    case 'subscriptions/listen':
      return readSubscriptions(method, objectParam(params.notifications ?? {}, 'params.notifications'));
    default:
      return [{ method }];
  }
}

/** Not judged here: the call that follows is a request of its own. */
function readCalled(method: string, { name, arguments: given }: Json): McpRequest['calls'] {
  if (method !== 'tools/call' || typeof name !== 'string' || !callTools.has(name)) return undefined;
  const { server, tool } = (typeof given === 'object' && given !== null ? given : {}) as Json;
  return typeof server === 'string' && typeof tool === 'string' ? { server, tool } : undefined;
}

function readRef(ref: Json): { kind: ObjectKind; name: string } {
  refuseLookAlikes(ref, judgedRef);
  if (ref.type === 'ref/prompt') return { kind: 'prompt', name: text(ref.name, 'params.ref.name') };
  if (ref.type === 'ref/resource') return { kind: 'resource', name: text(ref.uri, 'params.ref.uri') };
  throw invalidParams('params.ref.type must be ref/prompt or ref/resource');
}

function readSubscriptions(method: string, notifications: Json): [Access, ...Access[]] {
  refuseLookAlikes(notifications, judgedNotifications);
  const uris = texts(notifications.resourceSubscriptions ?? [], 'params.notifications.resourceSubscriptions');
  return [{ method }, ...uris.map((name): Access => ({ method, object: { kind: 'resource', name } }))];
}

function checkHeaders(raw: RawMcpRequest, message: Json, request: McpRequest): void {
  const named = request.accesses.find((access) => access.object)?.object?.name ?? request.tasks?.[0];
  const wrong = (header: string) =>
    new RefusedRequest(`the ${header} header does not say what the body says`, {
      // Older dual-era clients read -32020 as "this server is modern".
      rpcCode: isModern(raw, message) ? -32020 : -32600,
    });
  if (raw.mcpMethod !== undefined && raw.mcpMethod !== message.method) throw wrong('Mcp-Method');
  if (raw.mcpName === undefined) return;
  const claimed = headerName(raw.mcpName);
  if (claimed === undefined || claimed !== named) throw wrong('Mcp-Name');
}

/** Whether the client claims 2026-07-28 or later: in the header, or in `_meta` of the request. */
function isModern({ protocolVersion }: RawMcpRequest, message: Json): boolean {
  const meta = (message.params as Json | undefined)?._meta as Json | undefined;
  const version = protocolVersion ?? meta?.['io.modelcontextprotocol/protocolVersion'];
  return typeof version === 'string' && /^\d{4}-\d\d-\d\d$/.test(version) && version >= '2026-07-28';
}

/** MCP recommends at most 128 characters (2025-11-25, "Tool Names"). The limit bounds each header that carries the name. */
function toolName(value: unknown): string {
  const name = text(value, 'params.name');
  if (name.length > longestToolName) throw invalidParams(`params.name is longer than ${longestToolName} characters`);
  return name;
}
