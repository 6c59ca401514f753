import { readFileSync, unwatchFile, watchFile } from 'node:fs';
import * as z from 'zod';
import type { ApprovedTools } from '../../policy/approved-tools.ts';
import type { Logger } from '../service/log.ts';

/** What `TOOL_CHANGES` says about tools that nobody has approved. */
export interface ToolGuard {
  /**
   * The tools that may be used; undefined if all may (`flag`).
   * @returns `unreadable` while nobody can tell: then none may
   */
  approved(): ApprovedTools | undefined | 'unreadable';
  stop(): void;
}

/** The guard of a gateway that refuses no tool for being new or changed. */
export const allTools: ToolGuard = { approved: () => undefined, stop: () => undefined };

const content = z.object({ version: z.literal(1), servers: z.record(z.string(), z.array(z.string())) });

/**
 * Reads the file that the registry writes, and reads it again within half a second of each change. Unlike the policy
 * file it is nobody's to edit: if it cannot be read, nothing of before counts, and no tool may be used.
 * @param mode `TOOL_CHANGES`
 */
export function watchApprovedTools(
  mode: 'flag' | 'refuse',
  path: string,
  log: Logger,
  intervalMilliseconds = 500,
): ToolGuard {
  if (mode === 'flag') return allTools;
  let approved: ApprovedTools | 'unreadable' = 'unreadable';
  const read = () => {
    try {
      const { servers } = content.parse(JSON.parse(readFileSync(path, 'utf8')));
      approved = new Map(Object.entries(servers).map(([server, tools]) => [server, new Set(tools)]));
    } catch (error) {
      approved = 'unreadable';
      const code = (error as NodeJS.ErrnoException).code ?? 'its content is not what the registry writes';
      log.error({ path, code }, 'the approved tools cannot be read: no tool may be called');
    }
  };
  read();
  watchFile(path, { interval: intervalMilliseconds, persistent: false }, read);
  // The watch compares with what it finds when it gets going: a change just before that would never be seen.
  const once = setTimeout(read, intervalMilliseconds).unref();
  return {
    approved: () => approved,
    stop() {
      unwatchFile(path, read);
      clearTimeout(once);
    },
  };
}
