import { parseDocument } from 'yaml';
import * as z from 'zod';
import { origin } from '../../common/config.ts';
import { isServerName, reservedNames } from '../../policy/names.ts';
import { endpointPath, routeHost } from '../routes-file.ts';
import type { ServerEntry, ServerStore } from './server-store.ts';

/** Every fault of a servers file at once, each with its path. */
export class ServersFileError extends Error {
  readonly faults: readonly string[];
  constructor(faults: readonly string[]) {
    super(`The servers file cannot be used:\n${faults.map((f) => `  - ${f}`).join('\n')}`);
    this.name = 'ServersFileError';
    this.faults = faults;
  }
}

const line = (max: number) =>
  z
    .string('must be text')
    .trim()
    .min(1, 'must not be empty')
    .max(max, `must have at most ${max} characters`)
    .regex(/^\P{Cc}*$/u, 'must be one line without control characters');

const name = z.string('must be a name').superRefine((value, ctx) => {
  if (isServerName(value)) return;
  const message = reservedNames.has(value)
    ? `"${value}" is a name that the gateway uses itself: choose another`
    : 'must be 1 to 63 of a-z 0-9 _ - and start with a letter or digit';
  ctx.addIssue({ code: 'custom', message });
});

const upstream = origin.refine(
  (url) => routeHost.test(new URL(url).host),
  'must name a host by letters, digits, dots and hyphens, or by an IPv4 address',
);
const path = z.string('must be a path').regex(endpointPath, 'must be a plain path such as /mcp').max(256);

const transports = z
  .strictObject({ 'streamable-http': path.optional(), sse: path.optional() })
  .refine((t) => t['streamable-http'] || t.sse, 'must have streamable-http or sse');

const server = z.strictObject({
  name,
  title: line(100),
  description: line(500),
  upstream,
  transports,
  tags: z.array(line(30)).max(20).default([]),
});

const file = z.array(server, 'must be a list of servers').superRefine((servers, ctx) => {
  const seen = new Set<string>();
  for (const [index, entry] of servers.entries()) {
    if (seen.has(entry.name))
      ctx.addIssue({ code: 'custom', path: [index, 'name'], message: `"${entry.name}" is there twice` });
    seen.add(entry.name);
  }
});

/**
 * Reads a servers file: a YAML list of `{name, title, description, upstream, transports, tags}`.
 * @throws {ServersFileError} with every fault, such as `[0].upstream: must be an http or https URL …`
 */
export function parseServers(text: string): ServerEntry[] {
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

/** A store over the content of a servers file; it does not change until the registry starts again. */
export function createFileStore(text: string): ServerStore {
  const servers = parseServers(text).sort((a, b) => (a.name < b.name ? -1 : 1));
  const byName = new Map(servers.map((entry) => [entry.name, entry]));
  return { list: () => servers, get: (wanted) => byName.get(wanted) };
}

function showPath(parts: readonly PropertyKey[]): string {
  if (parts.length === 0) return 'the file';
  return parts.map((p, i) => (typeof p === 'number' ? `[${p}]` : `${i > 0 ? '.' : ''}${String(p)}`)).join('');
}
