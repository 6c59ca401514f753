import { CommandError } from '../../lib/failure.ts';
import { table } from '../../lib/print.ts';
import type { ListedServer, Toolbox } from '../toolbox.ts';
import { contentWords } from './words.ts';

/** A question about the catalogue itself. */
export type CatalogueQuestion = { about: 'servers' } | { about: 'tools'; server?: string | undefined };

/** Words around "servers" and "tools" that do not ask for anything more. */
const around = new Set(
  'mcp available availble server service tool list use using access call registered registry gateway offer exist exists see running there'.split(
    ' ',
  ),
);

/**
 * Whether a message asks which servers or tools there are, and nothing else: "What MCP tools are available?".
 * @param servers names of the servers that the caller may see
 */
export function catalogueQuestion(message: string, servers: readonly string[]): CatalogueQuestion | undefined {
  const words = contentWords(message);
  const named = servers.find((server) => words.includes(server));
  if (!words.every((word) => around.has(word) || word === named)) return undefined;
  if (words.includes('tool')) return { about: 'tools', server: named };
  return !named && (words.includes('server') || words.includes('service')) ? { about: 'servers' } : undefined;
}

/** An answer for people and for programs. */
export interface CatalogueAnswer {
  text: string;
  value: unknown;
}

/** The servers that the caller may see. */
export function serversAnswer(servers: readonly ListedServer[], width: number): CatalogueAnswer {
  const rows = servers.map(({ name, status, title, description }) => [name, status, description || title]);
  const head = `${count(servers.length, 'MCP server')} that you may see:`;
  const text = servers.length === 0 ? noServers : `${head}\n\n${table(['SERVER', 'STATE', 'WHAT IT IS'], rows, width)}`;
  return { text, value: { servers } };
}

const noServers = 'There is no MCP server that you may see. The administrator of the gateway gives access.';

/** The tools that the caller may use, as the servers' own lists show them through the gateway. */
export async function toolsAnswer(
  toolbox: Toolbox,
  servers: readonly ListedServer[],
  width: number,
): Promise<CatalogueAnswer> {
  if (servers.length === 0) return { text: noServers, value: { tools: [] } };
  const lists = await Promise.all(servers.map(({ name }) => listOf(toolbox, name)));
  const tools = lists.flatMap(({ server, tools: own }) => own.map((tool) => ({ server, ...tool })));
  const failures = lists.flatMap(({ server, failure }) => (failure ? [{ server, failure }] : []));
  const empty = lists.filter(({ tools: own, failure }) => own.length === 0 && !failure).map(({ server }) => server);
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

interface OwnList {
  server: string;
  tools: { name: string; description: string }[];
  failure?: string;
}

async function listOf(toolbox: Toolbox, server: string): Promise<OwnList> {
  try {
    const tools = await toolbox.tools(server);
    return { server, tools: tools.map(({ name, description = '' }) => ({ name, description })) };
  } catch (error) {
    // One server that is down or denied must not hide the others.
    if (error instanceof CommandError) return { server, tools: [], failure: error.message };
    throw error;
  }
}

function count(number: number, noun: string): string {
  return `${number} ${noun}${number === 1 ? '' : 's'}`;
}
