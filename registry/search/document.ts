import { isJsonObject } from '../servers/definition.ts';
import type { ToolInfo } from '../servers/tool.ts';

/** A server with its tools, for the search. */
export interface SearchableServer {
  server: string;
  title: string;
  description: string;
  tags: readonly string[];
  tools: readonly ToolInfo[];
  /** Only people with an account of their own at the server can read its tools, unless the operator has a credential for checks. */
  wantsAccounts?: boolean;
}

/** The searched text of one tool, by field. */
export interface ToolText {
  name: string;
  title: string;
  description: string;
  /** Names and descriptions of its arguments, including nested ones. */
  args: string;
  server: string;
}

const longestTitle = 200;
const longestDescription = 2_000;
const longestArguments = 4_000;
const deepest = 5;
const mostArguments = 100;

/**
 * Returns the text of one tool, cut to bound the cost of the search.
 * @param left how many characters of descriptions and arguments may still be indexed for this server
 */
export function textOf(
  { server, title, tags }: Omit<SearchableServer, 'tools'>,
  tool: ToolInfo,
  left: number,
): ToolText {
  const description = tool.description?.slice(0, Math.min(left, longestDescription)) ?? '';
  const longest = Math.min(left - description.length, longestArguments);
  return {
    name: tool.name,
    title: tool.title?.slice(0, longestTitle) ?? '',
    description,
    args:
      longest > 0
        ? argumentsOf(tool.inputSchema, deepest).take(mostArguments).toArray().join(' ').slice(0, longest)
        : '',
    server: [server, title, ...tags].join(' '),
  };
}

/** The names and descriptions of a JSON schema's properties (JSON Schema 2020-12, 10.3.2.1). */
function* argumentsOf(schema: unknown, depth: number): Generator<string> {
  if (depth === 0 || !isJsonObject(schema)) return;
  if (isJsonObject(schema.properties)) {
    for (const [name, property] of Object.entries(schema.properties)) {
      yield name;
      if (!isJsonObject(property)) continue;
      if (typeof property.description === 'string') yield property.description;
      yield* argumentsOf(property, depth - 1);
    }
  }
  yield* argumentsOf(schema.items, depth - 1);
}
