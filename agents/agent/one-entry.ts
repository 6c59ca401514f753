import { ProtocolError, type Tool } from '@modelcontextprotocol/client';
import { ownerOf } from '../../policy/offered-names.ts';
import { listTools, openGateway } from '../gateway/connection.ts';
import { contentWords, wordsOf } from './offline/words.ts';
import {
  type ListedServer,
  openToolbox,
  outcomeOf,
  type Toolbox,
  type ToolboxOptions,
  type ToolOutcome,
  textOf,
  toFound,
} from './toolbox.ts';

/** A tool of the list, with the server and the name that it has there. */
interface Listed {
  server: string;
  tool: string;
  offered: Tool;
}

const finder = 'intelligent_tool_finder';

/**
 * Opens the tools behind an address: of mcpgw, or one that offers the tools of several servers itself (`/mcp`, or a set).
 * @throws {CommandError} notLoggedIn, denied, unreachable
 */
export async function openTools(options: ToolboxOptions): Promise<Toolbox> {
  const { pathname } = new URL(options.registryUrl);
  if (pathname.startsWith('/mcpgw/')) return await openToolbox(options);
  const connection = await openGateway({ ...options, url: options.registryUrl });
  const list = () => connection.run(listTools);
  const first = await list();
  if (first.some(({ name }) => name === finder)) {
    await connection.close();
    return await openToolbox(options);
  }
  const set = pathname.split('/')[1] ?? '';
  const read = (tools: readonly Tool[]): Listed[] =>
    tools.map((offered) => {
      const { server, name } = ownerOf(offered.name) ?? { server: set, name: offered.name };
      return { server, tool: name, offered };
    });
  let known = read(first);
  const { callMs, print } = options;
  return {
    async find(query, limit) {
      known = read(await list());
      return bestOf(known, query, limit);
    },
    async servers() {
      known = read(await list());
      return serversOf(known);
    },
    tools: async (server) =>
      known.filter((one) => one.server === server).map(({ tool, offered }) => ({ ...offered, name: tool })),
    // The list holds only what the caller may use.
    described: async () => [],
    async call(server, tool, args): Promise<ToolOutcome> {
      const found = known.find((one) => one.server === server && one.tool === tool);
      if (!found)
        return { state: 'failed', text: `${pathname} offers you no tool ${tool} of ${server}. List what it offers.` };
      const request = { name: found.offered.name, arguments: args };
      try {
        const result = await connection.run((client) => client.callTool(request, { timeout: callMs }));
        return { state: result.isError ? 'failed' : 'ok', text: textOf(result) };
      } catch (error) {
        const outcome = outcomeOf(error);
        return isDenial(error) ? { ...outcome, state: 'denied' } : outcome;
      }
    },
    async close() {
      await connection.close();
      print.debug('connection closed');
    },
  };
}

/** The gate refuses the second request of a call, from the hub to the server: its reason comes back in the answer. */
function isDenial(error: unknown): boolean {
  const cause = error instanceof Error ? error.cause : undefined;
  const reason = cause instanceof ProtocolError ? (cause.data as { reason?: unknown } | undefined)?.reason : undefined;
  return reason === 'not_permitted' || reason === 'tool_changed';
}

/** Ranks tools by the words that they share with a text. A word that fewer tools have counts more. */
function bestOf(listed: readonly Listed[], query: string, limit: number) {
  const asked = contentWords(query);
  const texts = listed.map(
    ({ server, tool, offered }) => new Set(wordsOf(`${server} ${tool} ${offered.description ?? ''}`)),
  );
  const weightOf = (word: string) => Math.log1p(listed.length / texts.filter((words) => words.has(word)).length);
  const weights = new Map(asked.map((word) => [word, weightOf(word)]));
  const scored = listed.map(({ server, tool, offered }, i) => {
    const score = asked.reduce((sum, word) => sum + (texts[i]?.has(word) ? (weights.get(word) ?? 0) : 0), 0);
    return toFound({ server, tool, description: offered.description, score }, offered.inputSchema);
  });
  return scored.toSorted((a, b) => b.score - a.score).slice(0, limit);
}

function serversOf(listed: readonly Listed[]): ListedServer[] {
  const counts = new Map<string, number>();
  for (const { server } of listed) counts.set(server, (counts.get(server) ?? 0) + 1);
  const shown = (count: number) => `${count} tool${count === 1 ? '' : 's'}`;
  return [...counts].map(([name, count]) => ({
    name,
    title: name,
    description: shown(count),
    status: 'offered',
    endpoints: {},
  }));
}
