import { existsSync, readdirSync, statfsSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { settings } from '../../../common/settings/table.ts';
import { dataFolder } from '../../data-folder.ts';
import { type Finding, ok, warn } from '../finding.ts';
import type { Setup } from '../setup.ts';

const megabyte = 2 ** 20;

/** Is there room for the audit to grow to its limit? Only for files: PostgreSQL has its own disk. */
export function checkAudit({ env, root }: Setup): Finding[] {
  const folder = dataFolder(env, root);
  if (env.DATABASE_URL?.trim() || !existsSync(join(folder, 'audit.db'))) return [];
  const most = settings.AUDIT_MAX_MB.schema.safeParse(env.AUDIT_MAX_MB?.trim() || undefined).data;
  if (most === undefined) return [];
  const days = readdirSync(folder).filter((name) => /^audit-.*\.db$/.test(name));
  const used = days.reduce((all, name) => all + statSync(join(folder, name)).size, 0) / megabyte;
  const { bavail, bsize } = statfsSync(folder);
  const free = (bavail * bsize) / megabyte;
  const seen = `${days.length} days of records take ${Math.ceil(used)} of ${most} MB`;
  if (used + free >= most) return [ok('audit', seen)];
  return [
    warn('audit', `${seen}, and ${folder} has only ${Math.floor(free)} MB left`, 'make room, or lower AUDIT_MAX_MB'),
  ];
}
