import { setTimeout as sleep } from 'node:timers/promises';
import { startPace } from '../../common/answers/pace.ts';
import { allTools, everyTool, type ToolGuard, toolsBy } from '../../common/policy/approved-tools-watch.ts';
import { interval } from '../../common/time/interval.ts';
import type { KnownTools } from '../../policy/known-tools.ts';
import type { Policy } from '../../policy/policy.ts';
import { mayUseUi } from '../../policy/ui.ts';
import type { Person } from '../access/guards.ts';
import { accountOf, type RegisteredServer } from '../servers/server.ts';
import { isUnusable, type ToolInfo } from '../servers/tool.ts';
import type { SearchableServer } from './document.ts';
import type { Embeddings } from './embeddings.ts';
import { createMeaningIndex, fuse } from './meaning-index.ts';
import { callable } from './rights.ts';
import { createServerIndex } from './server-index.ts';
import { createToolIndex, type IndexedTool, type ToolIndex } from './tool-index.ts';
import { whyNothing } from './why-nothing.ts';
import { loadWords, type Words } from './words.ts';

/** A tool in a search result. */
export interface FoundTool {
  server: string;
  tool: ToolInfo;
  /** From 0 to 1; comparable within one result. */
  score: number;
}

export type ToolSearch = Awaited<ReturnType<typeof createToolSearch>>;

export interface ToolSearchOptions {
  servers: () => readonly RegisteredServer[];
  toolsOf: (server: string) => readonly ToolInfo[];
  policy: () => Policy;
  /** Hides tools that are not approved; undefined to show all. */
  guard?: ToolGuard;
  embeddings?: Embeddings | undefined;
  words?: Words;
}

const followMilliseconds = 1_000;
/** How long a search waits for the index to include recent changes. */
const waitMilliseconds = 200;

/** Makes the search for tools and servers. Loads the dictionary first, about 100 ms. */
export async function createToolSearch(options: ToolSearchOptions) {
  const { servers, toolsOf, policy, guard = allTools, embeddings } = options;
  const words = options.words ?? (await loadWords());
  const toolIndex = createToolIndex(words);
  const serverIndex = createServerIndex(words);
  const meanings = embeddings && createMeaningIndex(embeddings, toolIndex);
  let timer: NodeJS.Timeout | undefined;

  const searchable = (): SearchableServer[] =>
    servers()
      .filter(({ enabled }) => enabled)
      .map(({ name, title, description, tags, auth }) => ({
        ...{ server: name, title, description, tags, tools: toolsOf(name) },
        wantsAccounts: accountOf({ auth }) !== undefined,
      }));
  /** Updates the index if servers or tools have changed. */
  const follow = async (): Promise<void> => {
    await toolIndex.sync(searchable());
    meanings?.fill();
  };

  return {
    /**
     * Returns the matching tools that this caller may call; `total` counts those beyond the limit too.
     * @param server only tools of this server
     * @returns `why` is the reason if there are no results
     */
    async tools(person: Person, { text, limit, server }: { text: string; limit: number; server?: string | undefined }) {
      await Promise.race([follow(), sleep(waitMilliseconds, undefined, { ref: false })]);
      const mayCall = callable(policy(), person.scopes, toolsBy(guard));
      const isVisible = (found: IndexedTool) =>
        (server === undefined || server === found.server) && mayCall(found.server, found.tool.name);
      const near = await meanings?.search(text, isVisible);
      const hits = toolIndex.search(text, isVisible);
      const all = near ? fuse([hits, near]) : hits;
      const results = all.slice(0, limit).flatMap(({ id, score }): FoundTool | [] => {
        const found = toolIndex.get(id);
        return found ? { server: found.server, tool: found.tool, score: Math.round(score * 1e3) / 1e3 } : [];
      });
      const asked = () => searchable().filter((each) => server === undefined || server === each.server);
      const why = results.length > 0 ? undefined : whyNothing(policy(), toolsBy(guard), person, asked());
      return { results, total: all.length, why };
    },
    /** Returns the matching tools that this caller may not call, of servers that they may see. */
    notCallable: ({ scopes }: Person, query: { text: string; limit: number }): FoundTool[] =>
      notCallable(toolIndex, { policy: policy(), scopes, tools: toolsBy(guard) }, query),
    /**
     * Returns the tools that this caller may call, by the names of their servers; undefined if there are more than `most`. It
     * yields to other work: to find few among 50,000 takes a fifth of a second.
     */
    async callable({ scopes }: Person, most: number): Promise<Map<string, ToolInfo[]> | undefined> {
      const mayCall = callable(policy(), scopes, toolsBy(guard));
      const found = new Map<string, ToolInfo[]>();
      const pace = startPace();
      let left = most;
      for (const { server, tools } of searchable()) {
        if (pace.isDue()) await pace.rest();
        const own = tools.filter((tool) => !isUnusable(tool) && mayCall(server, tool.name));
        left -= own.length;
        if (left < 0) return undefined;
        found.set(server, own);
      }
      return found;
    },
    /** Returns the names of the matching servers that this caller may see, best first. */
    servers({ scopes }: Person, text: string): string[] {
      serverIndex.sync(servers().map(({ name, ...rest }) => ({ ...rest, server: name, tools: [] })));
      return serverIndex.search(text, (server) => mayUseUi(policy(), scopes, 'list_service', server));
    },
    follow,
    /** Updates the index at intervals. */
    start(): void {
      timer ??= interval(followMilliseconds, follow, () => undefined);
    },
    stop: (): void => clearInterval(timer),
  };
}

/** Whether a tool waits for its approval is not for the policy to say, so that counts for nothing. */
function notCallable(
  index: ToolIndex,
  { policy, scopes, tools }: { policy: Policy; scopes: readonly string[]; tools: KnownTools | undefined },
  { text, limit }: { text: string; limit: number },
): FoundTool[] {
  const mayCall = callable(policy, scopes, { readOnly: (tools ?? everyTool).readOnly });
  const isDenied = ({ server, tool }: IndexedTool) =>
    mayUseUi(policy, scopes, 'list_service', server) && !mayCall(server, tool.name);
  const hits = index.search(text, isDenied).slice(0, limit);
  return hits.flatMap(({ id, score }) => {
    const found = index.get(id);
    return found ? [{ server: found.server, tool: found.tool, score }] : [];
  });
}
