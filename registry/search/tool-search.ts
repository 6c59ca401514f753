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
import { fuse } from './fuse.ts';
import { createMeaningIndex } from './meaning-index.ts';
import { callable } from './rights.ts';
import { createServerIndex } from './server-index.ts';
import { createToolIndex, type IndexedTool } from './tool-index.ts';
import { type WhyNothing, whyNothing } from './why-nothing.ts';
import { loadWords, type Words } from './words.ts';

/** A tool that was found. */
export interface FoundTool {
  server: string;
  tool: ToolInfo;
  /** From 0 to 1; to compare the tools of one answer with. */
  score: number;
}

/** What a search for tools brought. */
export interface FoundTools {
  results: readonly FoundTool[];
  /** How many there are, those beyond the limit included. */
  total: number;
  /** Of nothing: why. */
  why: WhyNothing | undefined;
}

export interface ToolSearchQuery {
  text: string;
  limit: number;
  /** Only tools of this server. */
  server?: string | undefined;
}

/** The search over tools and servers, for one caller at a time. */
export interface ToolSearch {
  /** The tools that fit and that this caller may call. No other takes part. */
  tools(person: Person, query: ToolSearchQuery): Promise<FoundTools>;
  /** The names of the servers that fit and that this caller may see, the best first. */
  servers(person: Person, text: string): string[];
  /** Looks whether servers or tools have changed. @returns when the index is in step */
  follow(): Promise<void>;
  /** Follows again and again from now on. */
  start(): void;
  stop(): void;
}

export interface ToolSearchOptions {
  servers: () => readonly RegisteredServer[];
  toolsOf: (server: string) => readonly ToolInfo[];
  policy: () => Policy;
  /** What becomes of tools that nobody has approved; without it, nothing. */
  guard?: ToolGuard;
  embeddings?: Embeddings | undefined;
  words?: Words;
}

const followMilliseconds = 1_000;
/** A search waits so long for changes that were just made; it would rather miss one than keep somebody waiting. */
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

/** While nobody can tell what is approved, nothing is: the gate would refuse it all. */
function approvedBy(guard: ToolGuard): ApprovedTools | undefined {
  const approved = guard.approved();
  return approved === 'unreadable' ? new Map() : approved;
}

async function within(ms: number, work: Promise<void>): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  const timer = setTimeout(resolve, ms);
  await Promise.race([work, promise]).finally(() => clearTimeout(timer));
}
