import type { CallToolResult, Client } from '@modelcontextprotocol/client';
import { InvalidArgumentError } from 'commander';
import { listTools, openGateway, serverUrl } from '../gateway/connection.ts';
import { begin } from '../gateway/identity.ts';
import { type CallerOptions, does, type Run, transportOption, withIdentity } from '../lib/command.ts';
import { CommandError, type ExitCode, exitCodes } from '../lib/failure.ts';
import { safeText } from '../lib/print.ts';
import { readArguments, type ToolArguments, typedArguments, type WrittenArguments } from './tool-arguments.ts';

interface CallOptions extends CallerOptions {
  args?: string;
  timeout: number;
  transport: 'mcp' | 'sse';
}

/** The command `call`: calls one tool of one server. */
export const callCommand = does<CallOptions>(
  'call',
  'Call one tool of one server through the gateway.',
  [
    'mcp-gateway call currenttime current_time_by_timezone tz_name=Asia/Tokyo',
    `mcp-gateway call currenttime current_time_by_timezone '{"tz_name":"Asia/Tokyo"}'`,
  ],
  (command) =>
    withIdentity(command)
      .argument('<server>', 'name of the server: mcp-gateway servers')
      .argument('<tool>', 'name of the tool: mcp-gateway tools <server>')
      .argument('[arguments...]', 'name=text, name:=json, or one JSON object')
      .option('--args <json>', 'the arguments as one JSON object')
      .option('--timeout <seconds>', 'the time limit of the call', seconds, 60)
      .addOption(transportOption()),
  call,
);

function seconds(text: string): number {
  const value = Number(text);
  if (value > 0 && value <= 3600) return value;
  throw new InvalidArgumentError('It must be a number of seconds up to 3600.');
}

async function call(run: Run<CallOptions>): Promise<ExitCode> {
  const { context, print, options, args } = run;
  const [server = '', tool = '', ...words] = args;
  const written = readArguments(words, options.args);
  const { settings, identity } = await begin(run);
  const url = serverUrl(settings.gateway, server, options.transport);
  const gateway = await openGateway({ settings, identity, print, url, signal: context.signal });
  try {
    const timeout = options.timeout * 1000;
    const result = await gateway.run(async (client) => {
      const given = typedArguments(written, await schemaOf(client, tool, written));
      return client.callTool({ name: tool, arguments: given }, { timeout, signal: context.signal });
    });
    const failed = result.isError === true;
    if (failed && !print.json) throw new CommandError(exitCodes.failed, `${tool} says: ${shown(result)}`);
    print.result(result, () => shown(result));
    return failed ? exitCodes.failed : exitCodes.ok;
  } finally {
    await gateway.close();
  }
}

/** Lists tools only if a text needs a type. A caller who may call but not list gives types with `:=`. */
async function schemaOf(client: Client, tool: string, { texts }: WrittenArguments): Promise<ToolArguments | undefined> {
  if (Object.keys(texts).length === 0) return undefined;
  const tools = await listTools(client).catch(() => []);
  return tools.find(({ name }) => name === tool)?.inputSchema;
}

/** A tool's answer as text. Images and other binary parts appear by type. */
function shown({ content, structuredContent }: CallToolResult): string {
  const parts = content.map((part) => {
    if (part.type === 'text') return part.text;
    if (part.type === 'resource_link') return `${part.name} ${part.uri}`;
    if (part.type === 'resource') return 'text' in part.resource ? part.resource.text : `[${part.resource.uri}]`;
    return `[${part.type}, ${part.mimeType}]`;
  });
  if (parts.length === 0 && structuredContent !== undefined) parts.push(JSON.stringify(structuredContent, null, 2));
  return safeText(parts.join('\n')) || '(the tool returned nothing)';
}
