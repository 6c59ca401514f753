import type { ToolInfo } from '../servers/tool.ts';

/** A server as the search knows it, with its tools. */
export interface SearchableServer {
  server: string;
  title: string;
  description: string;
  tags: readonly string[];
  tools: readonly ToolInfo[];
}

/** What is searched of one tool, field by field. */
export interface ToolText {
  name: string;
  title: string;
  description: string;
  /** Names and descriptions of its arguments, those within others too. */
  args: string;
  server: string;
}

const longestDescription = 2_000;
const longestArguments = 4_000;
const deepest = 5;
const mostArguments = 100;

/** The text of one tool, cut where more would only make the search slow. */
export function textOf({ server, title, tags }: Omit<SearchableServer, 'tools'>, tool: ToolInfo): ToolText {
  return {
    name: tool.name,
    title: tool.title ?? '',
    description: tool.description?.slice(0, longestDescription) ?? '',
    args: [...argumentsOf(tool.inputSchema, deepest)].slice(0, mostArguments).join(' ').slice(0, longestArguments),
    server: [server, title, ...tags].join(' '),
  };
}

/** The names and descriptions of a JSON schema's properties (JSON Schema 2020-12, 10.3.2.1). */
function* argumentsOf(schema: unknown, depth: number): Generator<string> {
  if (depth === 0 || !isObject(schema)) return;
  if (isObject(schema.properties)) {
    for (const [name, property] of Object.entries(schema.properties)) {
      yield name;
      if (!isObject(property)) continue;
      if (typeof property.description === 'string') yield property.description;
      yield* argumentsOf(property, depth - 1);
    }
  }
  yield* argumentsOf(schema.items, depth - 1);
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
