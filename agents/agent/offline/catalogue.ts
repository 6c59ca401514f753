import { CommandError } from '../../lib/failure.ts';
import { table } from '../../lib/print.ts';
import type { Answer } from '../session.ts';
import type { ListedServer, Toolbox } from '../toolbox.ts';
import { contentWords } from './words.ts';

/** A question about the catalogue itself. */
export type CatalogueQuestion = { about: 'servers' } | { about: 'tools'; server?: string | undefined };

/** Words beside "servers" and "tools" that do not ask for more. */
const around = new Set(
  'mcp available server service tool list using access registered registry gateway offer exist see'.split(' '),
);

/**
 * Reads a message that asks only which servers or tools there are: "What MCP tools are available?".
 * @param servers names of the servers that the caller may see
 * @returns undefined for any other message
 */
export function catalogueQuestion(message: string, servers: readonly string[]): CatalogueQuestion | undefined {
  const words = contentWords(message);
  const named = servers.find((server) => words.includes(server));
  if (!words.every((word) => around.has(word) || word === named)) return undefined;
  if (words.includes('tool')) return { about: 'tools', server: named };
  return !named && (words.includes('server') || words.includes('service')) ? { about: 'servers' } : undefined;
}

/** Lists the servers that the caller may see. */
export function serversAnswer(servers: readonly ListedServer[], width: number): Answer {
  const rows = servers.map(({ name, status, title, description }) => [name, status, description || title]);
  const head = `${count(servers.length, 'MCP server')} that you may see:`;
  const text = servers.length === 0 ? noServers : `${head}\n\n${table(['SERVER', 'STATE', 'WHAT IT IS'], rows, width)}`;
  return { text, value: { servers } };
}

const noServers = 'You may not see any MCP server. The administrator of the gateway gives access.';

/** Lists the tools that the caller may use, as each server lists them through the gateway. */
export async function toolsAnswer(toolbox: Toolbox, servers: readonly ListedServer[], width: number): Promise<Answer> {
  if (servers.length === 0) return { text: noServers, value: { tools: [] } };
  const lists = await Promise.all(servers.map(({ name }) => listOf(toolbox, name)));
  const tools = lists.flatMap((list) => list.tools);
  const failures = lists.flatMap(({ server, failure }) => (failure ? [{ server, failure }] : []));
  const empty = lists.filter((list) => list.tools.length === 0 && !list.failure).map(({ server }) => server);
  const rows = tools.map(({ server, name, description }) => [server, name, description]);
  const lines = [
    tools.length === 0
      ? 'There is no tool that you may use.'
      : `${count(tools.length, 'tool')} that you may use:\n\n${table(['SERVER', 'TOOL', 'WHAT IT DOES'], rows, width)}`,
    ...(empty.length > 0 ? [`Servers with no tool that you may use: ${empty.join(', ')}.`] : []),
    ...failures.map(({ server, failure }) => `${server} could not be asked: ${failure}`),
  ];
  return { text: lines.join('\n\n'), value: { tools, serversWithoutTools: empty, failures } };
}

async function listOf(toolbox: Toolbox, server: string) {
  try {
    const tools = await toolbox.tools(server);
    return { server, tools: tools.map(({ name, description = '' }) => ({ server, name, description })) };
  } catch (error) {
    // One server that is down or denied must not hide the others.
    if (error instanceof CommandError) return { server, tools: [], failure: error.message };
    throw error;
  }
}

function count(number: number, noun: string): string {
  return `${number} ${noun}${number === 1 ? '' : 's'}`;
}
