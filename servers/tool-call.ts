import { types } from 'node:util';
import type { CallToolResult, McpServer, ServerContext, ToolAnnotations } from '@modelcontextprotocol/server';
import type * as z from 'zod';
import type { Logger } from '../common/service/log.ts';

/** The code of a network failure, such as ECONNREFUSED, from the cause of the `fetch` error. */
export function causeOf(error: unknown): string {
  const cause = types.isNativeError(error) ? (error.cause ?? error) : error;
  if (!types.isNativeError(cause)) return 'unknown';
  return 'code' in cause ? String(cause.code) : cause.name;
}

/** A failure that the caller can act on. Its message goes to the caller unchanged. */
export class ToolError extends Error {
  override readonly name = 'ToolError';
}

/** A tool's answer as text and as values of the tool's output schema. */
export interface ToolAnswer {
  text: string;
  values: Record<string, unknown>;
}

/** The annotations of a read-only tool, which clients may run without asking the user. */
export const readOnly = { readOnlyHint: true, destructiveHint: false, idempotentHint: true, openWorldHint: false };

/**
 * Makes a tool handler: answers and failures become MCP results, and each call writes one log line with the tool's name, the
 * duration and whether it failed, but no arguments or results.
 * @param work throws {@link ToolError} for errors that the caller can correct; other errors are logged and hidden
 * @returns a handler for `McpServer.registerTool`; failures are results with `isError` (MCP 2025-11-25, Tools, Error Handling)
 */
export function toolCall<Args extends unknown[]>(
  log: Logger,
  tool: string,
  work: (...args: Args) => ToolAnswer | Promise<ToolAnswer>,
): (...args: Args) => Promise<CallToolResult> {
  return async (...args) => {
    const started = performance.now();
    const done = (failed: boolean) =>
      log.info({ tool, ms: Math.round(performance.now() - started), failed }, 'tool call');
    try {
      const { text, values } = await work(...args);
      done(false);
      return { content: [{ type: 'text', text }], structuredContent: values };
    } catch (error) {
      if (!(error instanceof ToolError)) log.error({ tool, err: error }, 'tool failed unexpectedly');
      done(true);
      const text =
        error instanceof ToolError ? error.message : `${tool} failed unexpectedly; the server's log says why`;
      return { content: [{ type: 'text', text }], isError: true };
    }
  };
}

/** The server of a tool, and the log of its calls. */
export interface Tools {
  server: McpServer;
  log: Logger;
}

/** A tool's description for clients. */
interface Definition<I extends z.ZodObject> {
  title: string;
  description: string;
  inputSchema: I;
  outputSchema: z.ZodObject;
  annotations: ToolAnnotations;
}

/** Adds a tool to a server and runs its work by {@link toolCall}. */
export function addTool<I extends z.ZodObject>(
  { server, log }: Tools,
  name: string,
  definition: Definition<I>,
  work: (input: z.output<I>, context: ServerContext) => ToolAnswer | Promise<ToolAnswer>,
): void {
  const inputSchema: z.ZodType = definition.inputSchema;
  const call = toolCall(log, name, (input: unknown, context: ServerContext) => work(input as z.output<I>, context));
  server.registerTool(name, { ...definition, inputSchema }, call);
}
