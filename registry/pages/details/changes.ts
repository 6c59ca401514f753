import type { ServerChange } from '../../store/change-log.ts';
import { shortened } from '../shared/format.ts';

const actions: Record<ServerChange['action'], string> = {
  seed: 'added at the first start',
  configure: 'set from SERVERS_FILE',
  register: 'registered',
  import: 'imported',
  update: 'updated by an import',
  edit: 'changed',
  enable: 'enabled',
  disable: 'disabled',
  delete: 'deleted',
  undo: 'undone, because nginx rejected it',
  rename: 'renamed',
  'first-seen': 'approved the tools when it first saw them',
  approve: 'approved tools',
};

const longest = 300;
/** An approval has a field for each tool. */
const mostFields = 50;

/** The icon of an action, if it is not that of an edit. */
const icons: Partial<Record<ServerChange['action'], string>> = {
  seed: 'plus',
  register: 'plus',
  import: 'download',
  delete: 'trash',
  approve: 'check',
  'first-seen': 'check',
};

/**
 * A change log, newest first, grouped by its days in UTC.
 * @param mayChange whether the reader may change a server: one of the values says where it runs
 */
export function logLines(changes: readonly ServerChange[], mayChange: (server: string) => boolean) {
  const lines = changes.map(({ at, server, action, by, fields }) => ({
    at,
    server,
    withValues: mayChange(server),
    icon: icons[action] ?? 'edit',
    action: actions[action],
    by: by.sub === '#registry' ? 'The registry' : by.username,
    fields: Object.entries(fields)
      .slice(0, mostFields)
      .map(([field, { from, to }]) =>
        mayChange(server) ? { field, from: textOf(from), to: textOf(to) } : { field, from: '', to: '' },
      ),
  }));
  return [...Map.groupBy(lines, ({ at }) => at.toISOString().slice(0, 10)).values()];
}

function textOf(value: unknown): string {
  if (value === null || value === undefined) return '';
  // With spaces, at which lines can break.
  const text = typeof value === 'string' ? value : JSON.stringify(value, null, 1).replaceAll(/\n */g, ' ');
  return shortened(text, longest);
}
