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

/** The registry's API. The registry applies the permissions of the caller's assertion. */
export interface RegistryClient {
  /** All methods: @throws {ToolError} if the registry refuses, does not answer in time, or answers unexpectedly */
  list: (caller: Caller) => Promise<Service[]>;
  /** All methods with a name: @throws {ToolError} also if the caller may see no such server */
  get: (caller: Caller, name: string) => Promise<ServiceDetails>;
  /** The tools that fit `text` and that the caller may call, at most `limit`. */
  search: (caller: Caller, query: { text: string; limit: number; server?: string | undefined }) => Promise<FoundTools>;
  register: (caller: Caller, settings: object) => Promise<Change>;
  toggle: (caller: Caller, name: string, enabled: boolean) => Promise<Change>;
  remove: (caller: Caller, name: string) => Promise<Change>;
  /** Makes the registry check a server now. */
  check: (caller: Caller, name: string) => Promise<ServiceCheck>;
}

/** Time limits for the registry: for reads from memory, and for changes and checks. */
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
    throw new ToolError('mcpgw does not understand the answer of the registry; the operator should look at its log');
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
      // A redirect would leak the caller's identity to its target.
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
  const unsure = method === 'GET' ? '' : '. The change may have been made: check before you try again';
  return timeoutMs === undefined
    ? `the registry cannot be reached; try again later, or tell its operator${unsure}`
    : `the registry did not answer within ${timeoutMs / 1000} s; try again later${unsure}`;
}

/** Parses JSON. @returns undefined for other text, which fits no schema */
function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** The code of a network failure, such as ECONNREFUSED, from the cause of the `fetch` error. */
function causeOf(error: unknown): string {
  const cause = types.isNativeError(error) ? (error.cause ?? error) : error;
  if (!types.isNativeError(cause)) return 'unknown';
  return 'code' in cause ? String(cause.code) : cause.name;
}
