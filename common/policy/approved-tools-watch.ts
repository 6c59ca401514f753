import * as z from 'zod';
import type { ApprovedTools } from '../../policy/approved-tools.ts';
import { type Found, reasonOf, watchFile } from '../files/watched-file.ts';
import type { Logger } from '../service/log.ts';

/** Which tools may be used, by `TOOL_CHANGES`. */
export interface ToolGuard {
  /**
   * The approved tools; undefined if every tool may be used (`flag`).
   * @returns `unreadable` while the file cannot be read: then no tool may be used
   */
  approved(): ApprovedTools | undefined | 'unreadable';
  stop(): void;
}

const noTools: ApprovedTools = new Map();

/** While the approved tools are unreadable, none is approved: the gate refuses all calls. */
export function approvedBy(guard: Pick<ToolGuard, 'approved'>): ApprovedTools | undefined {
  const approved = guard.approved();
  return approved === 'unreadable' ? noTools : approved;
}

/** The guard of a gateway that refuses no tool because it is new or changed. */
export const allTools: ToolGuard = { approved: () => undefined, stop: () => undefined };

const content = z.object({ version: z.literal(1), servers: z.record(z.string(), z.array(z.string())) });

/**
 * Reads the file that the registry writes, and reads it again within half a second of each change. Only the registry
 * writes it, so a broken one is no typing error: if it cannot be read, no tool may be used.
 * @param mode `TOOL_CHANGES`
 */
export function watchApprovedTools(
  mode: 'flag' | 'refuse',
  path: string,
  log: Logger,
  intervalMilliseconds?: number,
): ToolGuard {
  if (mode === 'flag') return allTools;
  let approved: ApprovedTools | 'unreadable' = 'unreadable';
  const take = (found: Found<string>) => {
    try {
      if ('error' in found) throw found.error;
      const { servers } = content.parse(JSON.parse(found.value));
      approved = new Map(Object.entries(servers).map(([server, tools]) => [server, new Set(tools)]));
    } catch (error) {
      approved = 'unreadable';
      const code = 'error' in found ? reasonOf(error) : 'its content is not what the registry writes';
      log.error({ path, code }, 'the approved tools cannot be read: no tool may be called');
    }
  };
  const file = watchFile(path, take, intervalMilliseconds);
  take(file.first);
  return { approved: () => approved, stop: file.stop };
}
