import type { Command } from 'commander';
import { begin } from '../gateway/identity.ts';
import { askRegistry, serverList } from '../gateway/registry.ts';
import { type CommonOptions, does, newCommand, type Run, withIdentity } from '../lib/command.ts';
import type { Context } from '../lib/context.ts';
import type { ExitCode } from '../lib/failure.ts';
import { table } from '../lib/print.ts';
import type { IdentityOptions } from '../lib/settings.ts';

type ServersOptions = CommonOptions & IdentityOptions;

/** The command `servers`: lists the servers that the caller may see. */
export function serversCommand(context: Context, done: (code: ExitCode) => void): Command {
  const command = newCommand('servers', 'List the MCP servers that you may see, with their health.', [
    'mcp-gateway servers',
    "mcp-gateway servers --use-session-cookie --json | jq -r '.servers[].name'",
  ]);
  return does<ServersOptions>(withIdentity(command), context, done, showServers);
}

async function showServers(run: Run<ServersOptions>): Promise<undefined> {
  const { print } = run;
  const { servers } = await askRegistry({ ...(await begin(run)), print }, '/api/servers', serverList);
  print.result({ servers }, () => {
    if (servers.length === 0) return 'You may not see any server. scopes.yml decides who may see which.';
    const rows = servers.map(({ name, enabled, status, transports, description }) => [
      name,
      enabled ? status : 'disabled',
      transports.join(', '),
      description,
    ]);
    return table(['SERVER', 'STATE', 'TRANSPORTS', 'WHAT IT IS'], rows, print.width);
  });
}
