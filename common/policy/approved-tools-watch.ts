import * as z from 'zod';
import type { KnownTools, ToolNames } from '../../policy/known-tools.ts';
import { type Found, reasonOf, watchFile } from '../files/watched-file.ts';
import type { Logger } from '../service/log.ts';

/** What the registry says about tools, as it stands. */
export interface ToolGuard {
  /**
   * The tools as `decide` takes them; the same object until the file changes.
   * @returns `unreadable` while the file of a gateway that refuses unapproved tools cannot be read: then no tool may be used
   */
  known(): KnownTools | 'unreadable';
  stop(): void;
}

const none: ToolNames = new Map();
const noTool: KnownTools = { approved: none, readOnly: none };

/** Every tool may be used, and none is known to only read. */
export const everyTool: KnownTools = { readOnly: none };

/** While the file of a gateway that refuses unapproved tools is unreadable, none is approved: the gate refuses all calls. */
export function toolsBy(guard: Pick<ToolGuard, 'known'>): KnownTools {
  const known = guard.known();
  return known === 'unreadable' ? noTool : known;
}

/** The guard of a gateway that refuses no tool because it is new or changed, and where no hint counts. */
export const allTools: ToolGuard = { known: () => everyTool, stop: () => undefined };

const namesByServer = z.record(z.string(), z.array(z.string()));
const content = z.object({ version: z.literal(1), servers: namesByServer, readOnly: namesByServer.default({}) });

/**
 * Reads the file that the registry writes, and reads it again within half a second of each change. Only the registry
 * writes it, so a broken one is no typing error: if it cannot be read, no tool counts as read-only, and with `refuse` no tool
 * may be used.
 * @param mode `TOOL_CHANGES`
 */
export function watchApprovedTools(
  mode: 'flag' | 'refuse',
  path: string,
  log: Logger,
  intervalMilliseconds?: number,
): ToolGuard {
  let known: KnownTools | 'unreadable' = 'unreadable';
  const take = (found: Found<string>) => {
    try {
      if ('error' in found) throw found.error;
      const { servers, readOnly } = content.parse(JSON.parse(found.value));
      known = { approved: mode === 'refuse' ? namesOf(servers) : undefined, readOnly: namesOf(readOnly) };
    } catch (error) {
      known = mode === 'refuse' ? 'unreadable' : everyTool;
      const code = 'error' in found ? reasonOf(error) : 'its content is not what the registry writes';
      if (mode === 'refuse') log.error({ path, code }, 'the approved tools cannot be read: no tool may be called');
      else log.warn({ path, code }, 'the approved tools cannot be read: no tool counts as read-only');
    }
  };
  const file = watchFile(path, take, intervalMilliseconds);
  take(file.first);
  return { known: () => known, stop: file.stop };
}

function namesOf(servers: Record<string, readonly string[]>): ToolNames {
  return new Map(Object.entries(servers).map(([server, tools]) => [server, new Set(tools)]));
}
