import type * as z from 'zod';
import type { Logger } from '../../common/service/log.ts';
import { parseJson } from '../../common/text/json.ts';
import { isServerName } from '../../policy/names.ts';
import { causeOf, ToolError } from '../tool-call.ts';
import {
  changeSchema,
  foundToolsSchema,
  serviceCheckSchema,
  serviceDetailsSchema,
  serviceListSchema,
  toolNamesSchema,
  toolSchemasSchema,
} from './answers.ts';
import { type BodyReader, createBodyReader } from './body.ts';
import type { Caller } from './caller.ts';
import { NotFound, refusal, unknownServer } from './refusals.ts';

const mostFaults = 10;
/** Time limits: a read comes from memory, a change waits for nginx, and a check for the checked server. */
const timeouts = { readMs: 2_000, writeMs: 20_000 };

/** The registry's API. The registry applies the permissions of the caller's assertion. */
export type RegistryClient = ReturnType<typeof createRegistryClient>;

interface Request {
  method?: 'GET' | 'POST' | 'DELETE';
  path: string;
  body?: object;
}

/**
 * A client of the registry's HTTP API. All methods throw a ToolError if the registry refuses, does not answer in time or
 * answers unexpectedly; those with a name also if the caller may see no such server.
 * @param registryUrl origin of the registry inside the deployment
 */
export function createRegistryClient(registryUrl: string, log: Logger) {
  const read = createBodyReader();
  const ask = async <T>(caller: Caller, request: Request, schema: z.ZodType<T>): Promise<T> => {
    const parse = (answer: string) => schema.safeParse(parseJson(answer));
    const result = await send(new URL(request.path, registryUrl), request, { caller, log, read, parse });
    if (result.success) return result.data;
    const faults = result.error.issues.slice(0, mostFaults).map((issue) => issue.path.join('.'));
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
    list: async (caller: Caller) => (await ask(caller, { path: '/api/servers' }, serviceListSchema)).servers,
    get: (caller: Caller, name: string) => askAbout(caller, name, {}, serviceDetailsSchema),
    /** The tools that fit `text` and that the caller may call, at most `limit`. */
    search(caller: Caller, { text, limit, server }: { text: string; limit: number; server?: string | undefined }) {
      const query = new URLSearchParams({ q: text, limit: String(limit), ...(server !== undefined && { server }) });
      return ask(caller, { path: `/api/tools/search?${query}` }, foundToolsSchema);
    },
    /** The input schema of a tool, as its server has last announced it; undefined if it is not known. */
    async inputSchema(caller: Caller, server: string, tool: string) {
      const { tools } = await askAbout(caller, server, {}, toolSchemasSchema);
      return tools?.find(({ name }) => name === tool)?.inputSchema;
    },
    /** The names of a server's tools that only read, by their approved definitions. */
    readOnlyTools: async (caller: Caller, server: string) =>
      (await askAbout(caller, server, { tail: '/tools/read-only' }, toolNamesSchema)).tools,
    register: (caller: Caller, body: object) =>
      ask(caller, { method: 'POST', path: '/api/servers', body }, changeSchema),
    toggle: (caller: Caller, name: string, enabled: boolean) =>
      askAbout(caller, name, { method: 'POST', tail: enabled ? '/enable' : '/disable' }, changeSchema),
    remove: (caller: Caller, name: string) => askAbout(caller, name, { method: 'DELETE' }, changeSchema),
    /** Makes the registry check a server now. */
    check: (caller: Caller, name: string) =>
      askAbout(caller, name, { method: 'POST', tail: '/check' }, serviceCheckSchema),
  };
}

async function send<T>(
  url: URL,
  { method = 'GET', body }: Request,
  { caller, log, read, parse }: { caller: Caller; log: Logger; read: BodyReader; parse: (answer: string) => T },
): Promise<T> {
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
    if (response.ok) return await read(response, parse);
    log.warn({ ...said, status: response.status }, 'the registry refused');
    throw refusal(response.status, await read(response, parseJson));
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
