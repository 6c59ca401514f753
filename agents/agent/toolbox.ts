import type { CallToolResult } from '@modelcontextprotocol/client';
import * as z from 'zod';
import { isServerName } from '../../policy/names.ts';
import { type GatewayConnection, type GatewayOptions, openGateway, serverUrl } from '../gateway/connection.ts';
import { CommandError, exitCodes } from '../lib/failure.ts';
import { type JsonSchema, readSchema } from './json-schema.ts';

/** A tool that may answer a question. */
export interface FoundTool {
  server: string;
  tool: string;
  description: string;
  schema: JsonSchema;
  /** The schema as the server wrote it, for a model. */
  rawSchema: unknown;
  /** The finder's score; comparable within one answer only. */
  score: number;
}

/** The outcome of one tool call. */
export interface ToolOutcome {
  state: 'ok' | 'failed' | 'denied';
  /** The tool's answer, or the reason of the failure. Untrusted text. */
  text: string;
}

/** A server that the caller may see. */
export type ListedServer = z.output<typeof servicesSchema>['services'][number];

/** The tools behind the gateway that the caller may use. */
export type Toolbox = Awaited<ReturnType<typeof openToolbox>>;

export interface ToolboxOptions extends Omit<GatewayOptions, 'url'> {
  /** The address of mcpgw behind the gateway, or one that offers several servers: `/mcp` or `/sse`. */
  registryUrl: string;
  /** How long one call may take, in milliseconds. */
  callMs: number;
}

const endpointsSchema = z.record(z.string(), z.unknown()).catch({});
const foundSchema = z.object({
  tools: z.array(
    z.object({
      server: z.string(),
      tool: z.string(),
      description: z.string().nullish(),
      input_schema: z.unknown().optional(),
      endpoints: endpointsSchema,
      score: z.number().catch(0),
    }),
  ),
});
const servicesSchema = z.object({
  services: z.array(
    z.object({
      name: z.string(),
      title: z.string().catch(''),
      description: z.string().catch(''),
      status: z.string().catch('unknown'),
      endpoints: endpointsSchema,
    }),
  ),
});
const describedSchema = z.object({
  tools: z.array(
    z.object({
      name: z.string(),
      description: z.string().nullish(),
      inputSchema: z.unknown().optional(),
      input_schema: z.unknown().optional(),
    }),
  ),
});

/**
 * Connects to mcpgw, and to each server on first use, always at the gateway's own address: the caller's credentials go
 * nowhere else, whatever endpoints a list names.
 * @throws {CommandError} notLoggedIn, denied, unreachable
 */
export async function openToolbox(options: ToolboxOptions) {
  const { registryUrl, print, callMs } = options;
  const { origin, pathname } = new URL(registryUrl);
  const registryName = pathname.split('/')[1] ?? '';
  const registry = await openGateway({ ...options, url: registryUrl });
  const connections = new Map<string, Promise<GatewayConnection>>([[registryName, Promise.resolve(registry)]]);
  const onlySse = new Set<string>();
  const note = (server: string, endpoints: Record<string, unknown>) => {
    if ('sse' in endpoints && !('streamable-http' in endpoints)) onlySse.add(server);
  };
  const connect = (server: string): Promise<GatewayConnection> => {
    if (!isServerName(server))
      throw new CommandError(exitCodes.failed, `There is no server ${JSON.stringify(server)}.`);
    const url = serverUrl(origin, server, onlySse.has(server) ? 'sse' : 'mcp');
    const known = connections.get(server) ?? openGateway({ ...options, url });
    connections.set(server, known);
    known.catch(() => connections.delete(server));
    return known;
  };
  const callOn = (connection: GatewayConnection, name: string, args: Record<string, unknown>) =>
    connection.run((client) => client.callTool({ name, arguments: args }, { timeout: callMs }));
  const ask = async <T>(tool: string, args: Record<string, unknown>, schema: z.ZodType<T>): Promise<T> => {
    const result = await callOn(registry, tool, args);
    const answer = schema.safeParse(result.structuredContent);
    if (!result.isError && answer.success) return answer.data;
    const why = result.isError ? textOf(result) : 'this version does not understand its answer';
    throw new CommandError(exitCodes.failed, `${registryName} could not run ${tool}: ${why}`);
  };
  return {
    /** Asks mcpgw's finder for tools; the best first. */
    async find(query: string, limit: number) {
      const args = { natural_language_query: query.slice(0, 1000), top_k_tools: limit };
      const { tools } = await ask('intelligent_tool_finder', args, foundSchema);
      for (const { server, endpoints } of tools) note(server, endpoints);
      return tools.map((found) => toFound(found, found.input_schema));
    },
    async servers() {
      const { services } = await ask('list_services', {}, servicesSchema);
      for (const { name, endpoints } of services) note(name, endpoints);
      return services;
    },
    /** The tools that a server lists for this caller. */
    async tools(server: string) {
      const connection = await connect(server);
      return (await connection.run((client) => client.listTools(undefined, { timeout: callMs }))).tools;
    },
    /** The tools of a server that the registry knows, including those that the caller may not use. */
    async described(server: string) {
      const { tools } = await ask('get_server_details', { service_name: server }, describedSchema);
      return tools.map(({ name, description, inputSchema, input_schema }) =>
        toFound({ server, tool: name, description, score: 0 }, inputSchema ?? input_schema),
      );
    },
    /**
     * Calls a tool. Failures of the tool and denials are outcomes, not errors.
     * @throws {CommandError} notLoggedIn, unreachable
     */
    async call(server: string, tool: string, args: Record<string, unknown>): Promise<ToolOutcome> {
      try {
        const result = await callOn(await connect(server), tool, args);
        return { state: result.isError ? 'failed' : 'ok', text: textOf(result) };
      } catch (error) {
        return outcomeOf(error);
      }
    },
    async close() {
      const open = await Promise.allSettled(connections.values());
      for (const one of open) if (one.status === 'fulfilled') await one.value.close();
      print.debug('connections closed');
    },
  };
}

type Described = Pick<FoundTool, 'server' | 'tool' | 'score'> & { description?: string | null | undefined };

/** @param rawSchema as the server wrote it */
export function toFound({ server, tool, description, score }: Described, rawSchema: unknown): FoundTool {
  const schema = readSchema(rawSchema);
  return { server, tool, description: description ?? '', schema, rawSchema: rawSchema ?? {}, score };
}

/** @throws what is no failure of one call */
export function outcomeOf(error: unknown): ToolOutcome {
  if (!(error instanceof CommandError)) throw error;
  const text = [error.message, ...error.hints].join('\n');
  if (error.exitCode === exitCodes.denied) return { state: 'denied', text };
  if (error.exitCode === exitCodes.failed) return { state: 'failed', text };
  throw error;
}

/** The text of a result; its data, if it has no text. */
export function textOf({ content, structuredContent }: CallToolResult): string {
  const parts = content.map((part) => (part.type === 'text' ? part.text : `[${part.type}]`));
  const text = parts.join('\n').trim();
  return text === '' && structuredContent ? JSON.stringify(structuredContent) : text;
}
