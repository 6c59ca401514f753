import type { CallToolResult, McpServer, ServerContext, ToolAnnotations } from '@modelcontextprotocol/server';
import type * as z from 'zod';
import type { Logger } from '../common/service/log.ts';

/** A failure the caller can understand and act on: its message goes to the model as it is. */
export class ToolError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'ToolError';
  }
}

/** What a tool answers: text for a reader and the same as values for a program (fits the tool's output schema). */
export interface ToolAnswer {
  text: string;
  values: Record<string, unknown>;
}

/** Every tool here looks something up and changes nothing; clients may run such tools without asking first. */
export const readOnly = { readOnlyHint: true, destructiveHint: false, idempotentHint: true, openWorldHint: false };

/**
 * Makes a tool handler out of plain work: answers and failures become MCP results, each call becomes one log line.
 * The line holds the tool's name, the duration and whether it failed; never arguments or results, they are the caller's.
 * @param work throws {@link ToolError} for what the caller can mend; any other error is logged and told without details
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

/** Where a tool is added, and where its calls are logged. */
export interface Tools {
  server: McpServer;
  log: Logger;
}

/** What a tool tells its clients about itself. */
interface Definition<I extends z.ZodObject> {
  title: string;
  description: string;
  inputSchema: I;
  outputSchema: z.ZodObject;
  annotations: ToolAnnotations;
}

/** Adds a tool to a server; its work is run by {@link toolCall}. */
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
