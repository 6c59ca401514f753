import type { ServerChange } from '../../store/change-log.ts';
import { shortened } from '../shared/format.ts';

/** One line of a server's change log. */
export interface LogLine {
  at: Date;
  action: string;
  by: string;
  /** Values are empty unless the reader may change the server: one of them says where it runs. */
  fields: readonly { field: string; from: string; to: string }[];
}

const actions: Record<ServerChange['action'], string> = {
  seed: 'added at the first start',
  configure: 'set from SERVERS_FILE',
  register: 'registered',
  edit: 'changed',
  enable: 'enabled',
  disable: 'disabled',
  delete: 'deleted',
  undo: 'undone, because nginx rejected it',
  'first-seen': 'approved the tools when it first saw them',
  approve: 'approved tools',
};

const longest = 300;

/** The log for one person. @param withValues whether they may change the server */
export function logLines(changes: readonly ServerChange[], withValues: boolean): LogLine[] {
  return changes.map(({ at, action, by, fields }) => ({
    at,
    action: actions[action],
    by: by.sub === '#registry' ? 'the registry' : by.username,
    fields: Object.entries(fields).map(([field, { from, to }]) =>
      withValues ? { field, from: textOf(from), to: textOf(to) } : { field, from: '', to: '' },
    ),
  }));
}

function textOf(value: unknown): string {
  if (value === null || value === undefined) return '';
  const text = typeof value === 'string' ? value : JSON.stringify(value);
  return shortened(text, longest);
}
