import { types } from 'node:util';
import type * as z from 'zod';
import type { Logger } from '../../common/service/log.ts';
import { isServerName } from '../../policy/names.ts';
import { ToolError } from '../tool-call.ts';
import {
  type Change,
  changeSchema,
  type FoundTools,
  foundToolsSchema,
  type Service,
  type ServiceCheck,
  type ServiceDetails,
  serviceCheckSchema,
  serviceDetailsSchema,
  serviceListSchema,
} from './answers.ts';
import type { Caller } from './caller.ts';
import { NotFound, refusal, unknownServer } from './refusals.ts';

/** The registry as one caller may use it: the registry applies the permissions of the assertion that comes along. */
export interface RegistryClient {
  /** @throws {ToolError} if the registry refuses, cannot be reached in time, or answers something else; so do all */
  list: (caller: Caller) => Promise<Service[]>;
  /** @throws {ToolError} also if `name` is no server the caller may see; so do all that take a name */
  get: (caller: Caller, name: string) => Promise<ServiceDetails>;
  /** The tools that fit `text` and that the caller may call, at most `limit`. */
  search: (caller: Caller, query: { text: string; limit: number; server?: string | undefined }) => Promise<FoundTools>;
  register: (caller: Caller, settings: object) => Promise<Change>;
  toggle: (caller: Caller, name: string, enabled: boolean) => Promise<Change>;
  remove: (caller: Caller, name: string) => Promise<Change>;
  /** Has the registry ask a server now how it is. */
  check: (caller: Caller, name: string) => Promise<ServiceCheck>;
}

/** How long the registry may take: what it has in memory, and what it has to ask others for. */
export interface Timeouts {
  readMs: number;
  writeMs: number;
}

interface Request {
  method?: 'GET' | 'POST' | 'DELETE';
  path: string;
  body?: object;
}

/**
 * @param registryUrl origin of the registry inside the deployment
 * @returns a client of the registry's HTTP API
 */
export function createRegistryClient(registryUrl: string, log: Logger, timeouts: Timeouts): RegistryClient {
  const ask = async <T>(caller: Caller, request: Request, schema: z.ZodType<T>): Promise<T> => {
    const answer = await send(new URL(request.path, registryUrl), request, { caller, log, timeouts });
    const result = schema.safeParse(parsed(answer));
    if (result.success) return result.data;
    const faults = result.error.issues.map((issue) => issue.path.join('.'));
    log.error({ path: request.path, faults }, 'unexpected answer of the registry');
    throw new ToolError(
      'the registry answered something mcpgw does not understand; its operator should look at the log',
    );
  };
  const askAbout = async <T>(
    caller: Caller,
    name: string,
    { method, tail = '' }: { method?: Request['method']; tail?: string },
    schema: z.ZodType<T>,
  ): Promise<T> => {
    if (!isServerName(name)) throw unknownServer(name);
    const request = { path: `/api/servers/${name}${tail}`, ...(method && { method, body: {} }) };
    return await ask(caller, request, schema).catch((error: unknown) => {
      throw error instanceof NotFound ? unknownServer(name) : error;
    });
  };
  return {
    list: async (caller) => (await ask(caller, { path: '/api/servers' }, serviceListSchema)).servers,
    get: (caller, name) => askAbout(caller, name, {}, serviceDetailsSchema),
    search(caller, { text, limit, server }) {
      const query = new URLSearchParams({ q: text, limit: String(limit), ...(server !== undefined && { server }) });
      return ask(caller, { path: `/api/tools/search?${query}` }, foundToolsSchema);
    },
    register: (caller, body) => ask(caller, { method: 'POST', path: '/api/servers', body }, changeSchema),
    toggle: (caller, name, enabled) =>
      askAbout(caller, name, { method: 'POST', tail: enabled ? '/enable' : '/disable' }, changeSchema),
    remove: (caller, name) => askAbout(caller, name, { method: 'DELETE' }, changeSchema),
    check: (caller, name) => askAbout(caller, name, { method: 'POST', tail: '/check' }, serviceCheckSchema),
  };
}

async function send(
  url: URL,
  { method = 'GET', body }: Request,
  { caller, log, timeouts }: { caller: Caller; log: Logger; timeouts: Timeouts },
): Promise<string> {
  const timeoutMs = method === 'GET' ? timeouts.readMs : timeouts.writeMs;
  const timeout = AbortSignal.timeout(timeoutMs);
  const said = { method, path: url.pathname };
  try {
    const response = await fetch(url, {
      method,
      headers: {
        Accept: 'application/json',
        'X-Mcp-Assertion': caller.assertion,
        ...(body && { 'Content-Type': 'application/json' }),
      },
      ...(body && { body: JSON.stringify(body) }),
      // Following a redirect would hand the caller's identity to wherever it points.
      redirect: 'manual',
      signal: AbortSignal.any([timeout, caller.signal]),
    });
    const text = await response.text();
    if (response.ok) return text;
    log.warn({ ...said, status: response.status }, 'the registry refused');
    throw refusal(response.status, parsed(text));
  } catch (error) {
    if (error instanceof ToolError) throw error;
    const reason = timeout.aborted ? `no answer within ${timeoutMs} ms` : causeOf(error);
    log.warn({ ...said, reason }, 'the registry cannot be asked');
    throw new ToolError(unansweredText(method, timeout.aborted ? timeoutMs : undefined));
  }
}

function unansweredText(method: string, timeoutMs: number | undefined): string {
  const unsure = method === 'GET' ? '' : '. It is not certain whether the change was made: look before you try again';
  return timeoutMs === undefined
    ? `the registry cannot be reached; try again later, or tell its operator${unsure}`
    : `the registry did not answer within ${timeoutMs / 1000} s; try again later${unsure}`;
}

/** What the text says as JSON, or `undefined`, which fits no schema. */
function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** The code of a network failure, such as ECONNREFUSED; `fetch` hides it in the cause. */
function causeOf(error: unknown): string {
  const cause = types.isNativeError(error) ? (error.cause ?? error) : error;
  if (!types.isNativeError(cause)) return 'unknown';
  return 'code' in cause ? String(cause.code) : cause.name;
}
