import { types } from 'node:util';
import * as z from 'zod';
import type { Logger } from '../../common/log.ts';
import { isServerName } from '../../policy/names.ts';
import { ToolError } from '../tool-call.ts';
import type { Caller } from './caller.ts';

/** A server as the registry's list shows it. Fields that the registry leaves out come as empty. */
export const serviceSchema = z.object({
  name: z.string(),
  title: z.string().default('').describe('name for people'),
  description: z.string().default(''),
  tags: z.array(z.string()).default([]),
  transports: z.array(z.string()).default([]).describe('streamable-http, sse'),
  endpoints: z.record(z.string(), z.string()).default({}).describe('URL behind the gateway, by transport'),
  status: z.string().default('unknown').describe("the registry's latest health check"),
});

/** One server with whatever else the registry tells about it. */
export const serviceDetailsSchema = z.looseObject(serviceSchema.shape);

export type Service = z.infer<typeof serviceSchema>;
export type ServiceDetails = z.infer<typeof serviceDetailsSchema>;

const listSchema = z.object({ servers: z.array(serviceSchema) });

/** The registry as one caller may see it: the registry applies the permissions of the assertion that comes along. */
export interface RegistryClient {
  /** @throws {ToolError} if the registry refuses, cannot be reached in time, or answers something else */
  list: (caller: Caller) => Promise<Service[]>;
  /** @throws {ToolError} as `list`, and if `name` is no server the caller may see */
  get: (caller: Caller, name: string) => Promise<ServiceDetails>;
}

/**
 * @param registryUrl origin of the registry inside the deployment
 * @param timeoutMs how long one answer may take, body included
 * @returns a client that asks the registry's HTTP API (`GET /api/servers`, `GET /api/servers/{name}`)
 */
export function createRegistryClient(registryUrl: string, log: Logger, timeoutMs: number): RegistryClient {
  const ask = async <T>(caller: Caller, path: string, schema: z.ZodType<T>): Promise<T> => {
    const answer = await read(new URL(path, registryUrl), caller, log, timeoutMs);
    const result = schema.safeParse(parsed(answer));
    if (result.success) return result.data;
    log.error({ path, faults: result.error.issues.map((i) => i.path.join('.')) }, 'unexpected answer of the registry');
    throw new ToolError(
      'the registry answered something mcpgw does not understand; its operator should look at the log',
    );
  };
  return {
    list: async (caller) => (await ask(caller, '/api/servers', listSchema)).servers,
    get: async (caller, name) => {
      if (!isServerName(name)) throw unknown(name);
      try {
        return await ask(caller, `/api/servers/${name}`, serviceDetailsSchema);
      } catch (error) {
        throw error instanceof NotFound ? unknown(name) : error;
      }
    },
  };
}

class NotFound extends ToolError {}

function unknown(name: string): ToolError {
  return new ToolError(
    `there is no server ${JSON.stringify(name)} that you may see; list_services names those you may see`,
  );
}

async function read(url: URL, caller: Caller, log: Logger, timeoutMs: number): Promise<string> {
  const timeout = AbortSignal.timeout(timeoutMs);
  try {
    const response = await fetch(url, {
      headers: { Accept: 'application/json', 'X-Mcp-Assertion': caller.assertion },
      // Following a redirect would hand the caller's identity to wherever it points.
      redirect: 'manual',
      signal: AbortSignal.any([timeout, caller.signal]),
    });
    if (response.ok) return await response.text();
    await response.body?.cancel();
    log.warn({ path: url.pathname, status: response.status }, 'the registry refused');
    throw refusal(response.status);
  } catch (error) {
    if (error instanceof ToolError) throw error;
    const reason = timeout.aborted ? `no answer within ${timeoutMs} ms` : causeOf(error);
    log.warn({ path: url.pathname, reason }, 'the registry cannot be asked');
    throw new ToolError(
      timeout.aborted
        ? `the registry did not answer within ${timeoutMs / 1000} s; try again later`
        : 'the registry cannot be reached; try again later, or tell its operator',
    );
  }
}

function refusal(status: number): ToolError {
  if (status === 401)
    return new ToolError('the registry does not accept your identity (401); log in at the gateway again');
  if (status === 403)
    return new ToolError('you are not allowed to see this in the registry (403); ask its administrator for access');
  if (status === 404) return new NotFound('the registry knows no such page (404); its version may not fit mcpgw');
  return new ToolError(`the registry could not answer (${status}); try again later`);
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
