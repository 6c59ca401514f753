import { allTools, type ToolGuard } from '../../common/policy/approved-tools-watch.ts';
import { interval } from '../../common/time/interval.ts';
import type { ApprovedTools } from '../../policy/approved-tools.ts';
import type { Policy } from '../../policy/policy.ts';
import { mayUseUi } from '../../policy/ui.ts';
import type { Person } from '../access/guards.ts';
import type { RegisteredServer } from '../servers/server.ts';
import type { ToolInfo } from '../servers/tool.ts';
import type { SearchableServer } from './document.ts';
import type { Embeddings } from './embeddings.ts';
import { createMeaningIndex, fuse } from './meaning-index.ts';
import { callable } from './rights.ts';
import { createServerIndex } from './server-index.ts';
import { createToolIndex, type IndexedTool } from './tool-index.ts';
import { type WhyNothing, whyNothing } from './why-nothing.ts';
import { loadWords, type Words } from './words.ts';

/** A tool in a search result. */
export interface FoundTool {
  server: string;
  tool: ToolInfo;
  /** From 0 to 1; comparable within one result. */
  score: number;
}

/** The result of a tool search. */
interface FoundTools {
  results: readonly FoundTool[];
  /** Number of all hits, including those beyond the limit. */
  total: number;
  /** Set when there are no results: the reason. */
  why: WhyNothing | undefined;
}

interface ToolSearchQuery {
  text: string;
  limit: number;
  /** Only tools of this server. */
  server?: string | undefined;
}

/** The search for tools and servers. */
export interface ToolSearch {
  /** Returns the matching tools that this caller may call. */
  tools(person: Person, query: ToolSearchQuery): Promise<FoundTools>;
  /** Returns the names of the matching servers that this caller may see, best first. */
  servers(person: Person, text: string): string[];
  /** Updates the index if servers or tools have changed. */
  follow(): Promise<void>;
  /** Updates the index at intervals. */
  start(): void;
  stop(): void;
}

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

/** Makes the search. Loads the dictionary first, about 100 ms. */
export async function createToolSearch(options: ToolSearchOptions): Promise<ToolSearch> {
  const { servers, toolsOf, policy, guard = allTools, embeddings } = options;
  const words = options.words ?? (await loadWords());
  const toolIndex = createToolIndex(words);
  const serverIndex = createServerIndex(words);
  const meanings = embeddings && createMeaningIndex(embeddings, toolIndex);
  let timer: NodeJS.Timeout | undefined;

  const searchable = (): SearchableServer[] =>
    servers()
      .filter(({ enabled }) => enabled)
      .map(({ name: server, title, description, tags }) => ({
        server,
        title,
        description,
        tags,
        tools: toolsOf(server),
      }));
  const follow = async (): Promise<void> => {
    await toolIndex.sync(searchable());
    meanings?.fill();
  };

  return {
    async tools(person, { text, limit, server }) {
      await within(waitMilliseconds, follow());
      const mayCall = callable(policy(), person.scopes, approvedBy(guard));
      const isVisible = (found: IndexedTool) =>
        (server === undefined || server === found.server) && mayCall(found.server, found.tool.name);
      const near = await meanings?.search(text, isVisible);
      const hits = toolIndex.search(text, isVisible);
      const all = near ? fuse([hits, near]) : hits;
      const results = all.slice(0, limit).flatMap(({ id, score }) => {
        const found = toolIndex.get(id);
        return found ? { server: found.server, tool: found.tool, score: Math.round(score * 1e3) / 1e3 } : [];
      });
      const asked = () => searchable().filter((each) => server === undefined || server === each.server);
      const why =
        results.length > 0 ? undefined : whyNothing({ policy: policy(), approved: approvedBy(guard) }, person, asked());
      return { results, total: all.length, why };
    },
    servers({ scopes }, text) {
      serverIndex.sync(servers().map(({ name, ...rest }) => ({ ...rest, server: name, tools: [] })));
      return serverIndex.search(text, (server) => mayUseUi(policy(), scopes, 'list_service', server));
    },
    follow,
    start() {
      timer ??= interval(followMilliseconds, follow, () => undefined);
    },
    stop: () => clearInterval(timer),
  };
}

/** While the approved tools are unreadable, none is approved: the gate would refuse all calls. */
function approvedBy(guard: ToolGuard): ApprovedTools | undefined {
  const approved = guard.approved();
  return approved === 'unreadable' ? new Map() : approved;
}

async function within(ms: number, work: Promise<void>): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  const timer = setTimeout(resolve, ms);
  await Promise.race([work, promise]).finally(() => clearTimeout(timer));
}
