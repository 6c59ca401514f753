import type { CatalogueEntry } from '../../access/catalogue.ts';
import type { McpClient, Target } from './client.ts';
import { programs } from './programs.ts';
import { terminals } from './terminals.ts';
import { wordsOf } from './words.ts';

/** Which MCP clients people may log in with: `OAUTH_CLIENTS` and `OAUTH_CLIENT_HOSTS`. */
export interface ClientLogins {
  allowed: 'any' | 'known' | 'off';
  hosts: readonly string[];
}

/** How to connect one client to one server, as the page shows it. */
export type Connection = ReturnType<typeof connectionOf>;

/** All clients of people, in the order of the page. */
export const mcpClients: readonly McpClient[] = [...terminals, ...programs];

/** What a client is told of a server; undefined for a server without an address. */
function targetOf({ name, endpoints }: Pick<CatalogueEntry, 'name' | 'endpoints'>): Target | undefined {
  const [endpoint] = endpoints;
  return endpoint && { name, url: endpoint.url, transport: endpoint.transport === 'sse' ? 'sse' : 'http' };
}

/** What to do for each client with which people may log in, then for agents. */
export function connectionsTo(server: Pick<CatalogueEntry, 'name' | 'endpoints'>, logins: ClientLogins) {
  const target = targetOf(server);
  if (!target) return [];
  const people = mcpClients
    .filter((client) => mayLogIn(client, logins) && (target.transport === 'http' || client.speaksSse))
    .map((client) => connectionOf(client, target));
  return [...people, agentConnection(target, logins)];
}

function mayLogIn({ documentHost }: McpClient, { allowed, hosts }: ClientLogins): boolean {
  return allowed === 'any' || (allowed === 'known' && documentHost !== undefined && hosts.includes(documentHost));
}

function connectionOf({ id, title, icon, where, text, link, login }: McpClient, target: Target) {
  return {
    ...{ id, title, icon, isAgent: false },
    where: wordsOf(where),
    text: text(target),
    link: link?.(target),
    login: wordsOf(login(target)),
  };
}

/** An agent has no browser: it logs in with the id and the secret of its app client. */
function agentConnection({ url, transport }: Target, { allowed }: ClientLogins): Connection {
  const line = `npx @modelcontextprotocol/inspector@2 --cli ${url} --transport ${transport} --method tools/list`;
  const asks =
    allowed === 'off'
      ? 'An agent of your own asks Amazon Cognito for a token with `client_credentials`.'
      : 'An agent on an MCP SDK needs the address, the id and the secret: it finds the token endpoint of the gateway by itself.';
  return {
    ...{ id: 'agent', title: 'An agent', icon: 'agent', isAgent: true, link: undefined },
    where: wordsOf('This lists the tools. `mcp-gateway token` prints an access token.'),
    text: `${line} \\\n  --header "Authorization: Bearer $(mcp-gateway token)"`,
    login: wordsOf(asks),
  };
}
