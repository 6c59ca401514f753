import {
  type CallToolResult,
  isSpecType,
  type ServerContext,
  type ToolAnnotations,
} from '@modelcontextprotocol/server';
import * as z from 'zod';
import { isServerName } from '../../../policy/names.ts';
import { BrokerError } from '../../broker/errors.ts';
import { ToolError } from '../../tool-call.ts';
import { askingOf, callerOf } from '../caller.ts';
import { unknownServer } from '../refusals.ts';
import type { Parts } from './tool-set.ts';

/** As they are: the gate has allowed this very server and tool. */
const input = z.strictObject({
  server: z.string().max(63).describe('the server of the tool, as intelligent_tool_finder names it'),
  tool: z.string().max(256).describe('the name of the tool'),
  arguments: z.record(z.string(), z.unknown()).default({}).describe('its arguments, which fit its input_schema'),
});
type Input = z.output<typeof input>;

/**
 * Adds the tool `call_read_only_tool`: calls a tool that only reads by its approved definition, as the caller. Clients may let it
 * run without a question, so that it refuses every other tool.
 */
export function registerCallReadOnlyTool(parts: Parts): void {
  const annotations = { readOnlyHint: true, destructiveHint: false, idempotentHint: false, openWorldHint: true };
  const description =
    'Calls a tool of any server that you may use, if its approved definition says that it only reads. intelligent_tool_finder finds tools.';
  const title = 'Call a tool that only reads';
  add(parts, { name: 'call_read_only_tool', title, description, annotations }, async (asked, context) => {
    const names = await parts.registry.readOnlyTools(callerOf(context), asked.server);
    if (names.includes(asked.tool)) return;
    throw new ToolError(
      `${asked.server} has no tool ${JSON.stringify(asked.tool)} whose approved definition says that it only reads; call_tool calls the others`,
    );
  });
}

/** Adds the tool `call_tool`: calls any tool that the caller may call. Marked as the worst that it can do, so that clients ask. */
export function registerCallTool(parts: Parts): void {
  const annotations = { readOnlyHint: false, destructiveHint: true, idempotentHint: false, openWorldHint: true };
  const description =
    'Calls a tool of any server that you may use, also one that changes or deletes. intelligent_tool_finder finds tools; call_read_only_tool calls those that only read.';
  add(parts, { name: 'call_tool', title: 'Call any tool', description, annotations }, async () => undefined);
}

interface About {
  name: string;
  title: string;
  description: string;
  annotations: ToolAnnotations;
}

/** The result is the called tool's own, and its errors are in the words of the gate or the server. */
function add(
  { server, registry, log, callOnce }: Parts,
  { name, ...about }: About,
  check: (asked: Input, context: ServerContext) => Promise<void>,
): void {
  const call = async (asked: Input, context: ServerContext): Promise<CallToolResult> => {
    if (!isServerName(asked.server)) throw unknownServer(asked.server);
    await check(asked, context);
    const { signal } = callerOf(context);
    const schema = () => registry.inputSchema(callerOf(context), asked.server, asked.tool);
    const result = await callOnce(askingOf(context), { ...asked, schema, signal });
    if (isSpecType.CallToolResult(result)) return { ...result, content: result.content ?? [] };
    throw new ToolError(
      `the result of ${asked.tool} cannot be passed on; connect to the server ${asked.server} itself`,
    );
  };
  const inputSchema: z.ZodType = input;
  server.registerTool(name, { ...about, inputSchema }, async (asked, context) => {
    const started = performance.now();
    const done = (failed: boolean) =>
      log.info({ tool: name, ms: Math.round(performance.now() - started), failed }, 'tool call');
    try {
      const result = await call(asked as Input, context);
      done(result.isError === true);
      return result;
    } catch (error) {
      done(true);
      const isKnown = error instanceof ToolError || error instanceof BrokerError;
      if (!isKnown) log.error({ tool: name, err: error }, 'tool failed unexpectedly');
      const text = isKnown ? error.message : `${name} failed unexpectedly; the server's log says why`;
      return { content: [{ type: 'text', text }], isError: true };
    }
  });
}
