import { mcpClients } from '../../../registry/pages/connect/connect.ts';

/** What the clients call the server. */
export const name = 'gateway';

/** What the Connect tab of a server's page has for one client. */
export function textFor(id: string, url: string): string {
  const client = mcpClients.find((each) => each.id === id);
  if (!client) throw new Error(`the page has no client ${id}`);
  return client.text({ name, url, transport: 'http' });
}

/** The same for a client of the terminal: the arguments of each command, after its program. @param program how many words that is */
export function argumentsFor(id: string, url: string, program = 1): string[][] {
  return textFor(id, url)
    .split(' && ')
    .map((command) => command.split(' ').slice(program));
}
