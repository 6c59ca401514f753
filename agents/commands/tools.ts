import type { Tool } from '@modelcontextprotocol/client';
import { listTools, openGateway, serverUrl } from '../gateway/connection.ts';
import { begin, type Identity } from '../gateway/identity.ts';
import { askRegistry, serverList } from '../gateway/registry.ts';
import { type CallerOptions, does, type Run, transportOption, withIdentity } from '../lib/command.ts';
import { CommandError, exitCodes } from '../lib/failure.ts';
import { type Print, safeText, wrap } from '../lib/print.ts';
import type { Settings } from '../lib/settings.ts';

interface ToolsOptions extends CallerOptions {
  transport: 'mcp' | 'sse';
}

type Asking = Pick<Run<ToolsOptions>, 'context' | 'print'> &
  Pick<ToolsOptions, 'transport'> & { settings: Settings; identity: Identity };

/** The command `tools`: lists the tools that the caller may call. */
export const toolsCommand = does<ToolsOptions>(
  'tools',
  'List the tools that you may call, of one server or of all that you may see.',
  ['mcp-gateway tools currenttime', "mcp-gateway tools --json | jq '.tools[] | {server, name, inputSchema}'"],
  (command) =>
    withIdentity(command).argument('[server]', 'name of the server: mcp-gateway servers').addOption(transportOption()),
  showTools,
);

async function showTools(run: Run<ToolsOptions>): Promise<undefined> {
  const { context, print, options, args } = run;
  const [server] = args;
  const asking: Asking = { ...(await begin(run)), context, print, transport: options.transport };
  const { tools, skipped } = server === undefined ? await everywhere(asking) : await ofServer(asking, server);
  for (const { server: name, why } of skipped)
    print.note(`${print.style('yellow', 'note')} ${name} is skipped: ${why}`);
  print.result({ tools, skipped }, () => {
    if (tools.length === 0) return 'You may not call any tool. scopes.yml decides who may call which.';
    return tools.map((tool, i) => shown(tool, tools[i - 1]?.server, print)).join('\n');
  });
}

/** A tool with its arguments and description; the first tool of a server follows the server's name. */
function shown(tool: Listed, above: string | undefined, print: Print): string {
  const what = safeText(tool.description ?? tool.title ?? '').replace(/\s+/g, ' ');
  const lines = wrap(what.trim(), print.width - 6).map((line) => `      ${line}`.trimEnd());
  const head = `  ${print.style('bold', safeText(tool.name))} ${safeText(argumentsOf(tool))}`.trimEnd();
  const server = tool.server === above ? [] : [...(above === undefined ? [] : ['']), tool.server];
  return [...server, head, ...lines].join('\n');
}

type Listed = Tool & { server: string };
interface Found {
  tools: Listed[];
  skipped: { server: string; why: string }[];
}

async function ofServer({ context, print, settings, identity, transport }: Asking, server: string): Promise<Found> {
  const url = serverUrl(settings.gateway, server, transport);
  const gateway = await openGateway({ settings, identity, print, url, signal: context.signal });
  try {
    const tools = await gateway.run(listTools);
    return { tools: tools.map((tool) => ({ server, ...tool })), skipped: [] };
  } finally {
    await gateway.close();
  }
}

/** Lists the tools of all servers. Skips a server that is down or denied. */
async function everywhere(asking: Asking): Promise<Found> {
  const { servers } = await askRegistry(asking, '/api/servers', serverList);
  const each = servers
    .filter(({ enabled }) => enabled)
    .map(async ({ name, transports }): Promise<Found> => {
      const transport = transports.includes('streamable-http') ? asking.transport : 'sse';
      try {
        return await ofServer({ ...asking, transport }, name);
      } catch (error) {
        if (!(error instanceof CommandError) || error.exitCode === exitCodes.unreachable) throw error;
        return { tools: [], skipped: [{ server: name, why: error.message }] };
      }
    });
  const found = await Promise.all(each);
  return { tools: found.flatMap(({ tools }) => tools), skipped: found.flatMap(({ skipped }) => skipped) };
}

/** `tz_name [format]`: brackets mark optional arguments. */
function argumentsOf({ inputSchema }: Tool): string {
  const required = inputSchema.required ?? [];
  const names = Object.keys(inputSchema.properties ?? {});
  return names.map((name) => (required.includes(name) ? name : `[${name}]`)).join(' ');
}
