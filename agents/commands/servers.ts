import { begin } from '../gateway/identity.ts';
import { askRegistry, serverList } from '../gateway/registry.ts';
import { type CallerOptions, does, type Run, withIdentity } from '../lib/command.ts';
import { table } from '../lib/print.ts';

/** The command `servers`: lists the servers that the caller may see. */
export const serversCommand = does<CallerOptions>(
  'servers',
  'List the MCP servers that you may see, with their health.',
  ['mcp-gateway servers', "mcp-gateway servers --use-session-cookie --json | jq -r '.servers[].name'"],
  withIdentity,
  showServers,
);

async function showServers(run: Run<CallerOptions>): Promise<undefined> {
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
