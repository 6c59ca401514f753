import { type Pace, startPace } from '../../common/answers/pace.ts';
import { type Definition, definitionOf, isJsonObject, type JsonObject, nameOf } from './definition.ts';
import { type LookAlike, lookAlikeIn, lookAlikesOf } from './look-alikes.ts';

/** One tool of a server. All texts are the server's own and not to be trusted. */
export interface ToolInfo {
  name: string;
  title: string | null;
  description: string | null;
  inputSchema: JsonObject | null;
  outputSchema: JsonObject | null;
  annotations: JsonObject | null;
  /** The resource of its page (MCP Apps), which a host shows to people. */
  page?: string;
  /** Why only the name is stored. */
  note?: string;
}

export interface ObservedTool {
  info: ToolInfo;
  definition: Definition;
}

const maxTools = 1_000;
const maxToolBytes = 65_536;
const maxServerBytes = 2 * 1024 * 1024;
const longestShownKey = 64;

/**
 * Cuts the tools of a server to what is stored: at most 1,000 tools and 2 MB. A tool whose JSON is larger than 64 kB, or
 * exceeds the total, keeps its name, a note, and the hash of its whole definition. Of several tools with one name the
 * first is kept, with a hash over all of them, because a call may reach any. A tool with look-alike keys is unusable.
 */
export function toObservedTools(tools: readonly JsonObject[]): ObservedTool[] {
  const work = observing(tools);
  for (;;) {
    const { done, value } = work.next();
    if (done) return value;
  }
}

/** {@link toObservedTools} in slices, with other work in between. */
export async function observeTools(tools: readonly JsonObject[], pace: Pace = startPace()): Promise<ObservedTool[]> {
  const work = observing(tools);
  for (;;) {
    const { done, value } = work.next();
    if (done) return value;
    if (pace.isDue()) await pace.rest();
  }
}

function* observing(tools: readonly JsonObject[]): Generator<void, ObservedTool[]> {
  let left = maxServerBytes;
  const byName = new Map<string, ObservedTool>();
  for (const tool of tools) {
    yield;
    const twin = byName.get(nameOf(tool));
    if (!twin && byName.size >= maxTools) continue;
    const lookAlike = lookAlikeIn(tool);
    const definition = definitionOf(tool, {
      ...(twin && { twin: twin.definition.hash }),
      ...(lookAlike && { lookAlikes: lookAlikesOf(tool) }),
    });
    const unusable = twin?.definition.unusable ?? (lookAlike && unusableNote(lookAlike));
    const bytes = Buffer.byteLength(JSON.stringify(definition.parts));
    if (bytes <= maxToolBytes) left -= bytes;
    const note = unusable ?? noteOn(bytes, left);
    const stored = { ...definition, parts: note === undefined ? definition.parts : null, unusable };
    const info = twin && !unusable ? twin.info : toToolInfo(stored, note);
    byName.set(definition.name, { info, definition: stored });
  }
  return [...byName.values()];
}

/** Begins the note on an unusable tool. */
const unusablePrefix = 'Programs may read it differently: ';

/** Whether a tool has look-alike keys. It is neither shown nor found, and cannot be approved. */
export function isUnusable({ note }: { note?: string | null }): boolean {
  return note?.startsWith(unusablePrefix) ?? false;
}

function unusableNote({ key, readAs }: LookAlike): string {
  const shown = JSON.stringify(key.slice(0, longestShownKey));
  return `${unusablePrefix}the key ${shown} looks like "${readAs}". It is not shown, and it cannot be approved.`;
}

function noteOn(bytes: number, left: number): string | undefined {
  if (bytes > maxToolBytes) return 'Its definition is larger than 64 kB and is not shown.';
  return left < 0 ? 'The tools of this server are larger than 2 MB together; this one is not shown.' : undefined;
}

function toToolInfo({ name, parts }: Definition, note: string | undefined): ToolInfo {
  const bare = { name, title: null, description: null, inputSchema: null, outputSchema: null, annotations: null };
  if (note !== undefined || !parts) return { ...bare, ...(note !== undefined && { note }) };
  const { title, description, inputSchema, outputSchema, annotations } = parts;
  const page = textOrNull(objectOrNull(parts['_meta.ui'])?.resourceUri) ?? textOrNull(parts['_meta["ui/resourceUri"]']);
  return {
    name,
    title: textOrNull(title) ?? textOrNull(objectOrNull(annotations)?.title),
    description: textOrNull(description),
    inputSchema: objectOrNull(inputSchema),
    outputSchema: objectOrNull(outputSchema),
    annotations: objectOrNull(annotations),
    ...(page !== null && { page }),
  };
}

function textOrNull(value: unknown): string | null {
  return typeof value === 'string' ? value.trim() || null : null;
}

function objectOrNull(value: unknown): JsonObject | null {
  return isJsonObject(value) ? value : null;
}
