import { parseDocument } from 'yaml';
import * as z from 'zod';
import type { ServerSettings } from '../servers/server.ts';
import { serverSettings } from '../servers/server-input.ts';

/** Every fault of a servers file at once, each with its path. */
export class ServersFileError extends Error {
  readonly faults: readonly string[];
  constructor(faults: readonly string[]) {
    super(`The servers file cannot be used:\n${faults.map((f) => `  - ${f}`).join('\n')}`);
    this.name = 'ServersFileError';
    this.faults = faults;
  }
}

const file = z.array(serverSettings, 'must be a list of servers').superRefine((servers, ctx) => {
  const seen = new Set<string>();
  for (const [index, entry] of servers.entries()) {
    if (seen.has(entry.name))
      ctx.addIssue({ code: 'custom', path: [index, 'name'], message: `"${entry.name}" is there twice` });
    seen.add(entry.name);
  }
});

/**
 * Reads a servers file: a YAML list of what {@link serverSettings} describes.
 * @throws {ServersFileError} with every fault, such as `[0].upstream: must be an http or https URL …`
 */
export function parseServers(text: string): ServerSettings[] {
  const document = parseDocument(text, { uniqueKeys: true, strict: true });
  const broken = [...document.errors, ...document.warnings];
  if (broken.length > 0) throw new ServersFileError(broken.map((e) => e.message.split('\n')[0] ?? e.message));
  const result = file.safeParse(toPlain(document));
  if (result.success) return result.data;
  throw new ServersFileError(result.error.issues.map((i) => `${showPath(i.path)}: ${i.message}`));
}

/** Aliases are refused: nested ones grow without end when they are opened. */
function toPlain(document: ReturnType<typeof parseDocument>): unknown {
  try {
    return document.toJS({ maxAliasCount: 0 });
  } catch {
    throw new ServersFileError(['aliases (*name) are not allowed: write the value out']);
  }
}

function showPath(parts: readonly PropertyKey[]): string {
  if (parts.length === 0) return 'the file';
  return parts.map((p, i) => (typeof p === 'number' ? `[${p}]` : `${i > 0 ? '.' : ''}${String(p)}`)).join('');
}
