import * as z from 'zod';
import { type Found, watchFile } from '../files/watched-file.ts';

/** The definitions of tools as the registry last approved them, for the audit. They decide nothing. */
export interface DefinitionHashes {
  /** @returns the hash of the tool's definition; undefined if it is not known here */
  find(server: string, tool: string): string | undefined;
  /** The tools that have one, by server. */
  tools(): ReadonlyMap<string, readonly string[]>;
  stop(): void;
}

const content = z.object({ definitions: z.record(z.string(), z.record(z.string(), z.string())) });

/**
 * Reads the hashes in the file of approved tools, whatever `TOOL_CHANGES` is, and again within half a second of each change. A
 * file that is missing, broken or of an older registry has none.
 * @param path `APPROVED_TOOLS_FILE`
 */
export function watchDefinitions(path: string, intervalMilliseconds?: number): DefinitionHashes {
  let hashes: ReadonlyMap<string, ReadonlyMap<string, string>> = new Map();
  const take = (found: Found<string>) => {
    const servers = 'value' in found ? definitionsIn(found.value) : {};
    hashes = new Map(Object.entries(servers).map(([server, tools]) => [server, new Map(Object.entries(tools))]));
  };
  const file = watchFile(path, take, intervalMilliseconds);
  take(file.first);
  return {
    find: (server, tool) => hashes.get(server)?.get(tool),
    tools: () => new Map([...hashes].map(([server, tools]) => [server, [...tools.keys()]])),
    stop: file.stop,
  };
}

function definitionsIn(text: string): Record<string, Record<string, string>> {
  try {
    return content.parse(JSON.parse(text)).definitions;
  } catch {
    return {};
  }
}
