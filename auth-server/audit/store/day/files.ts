import { existsSync, readdirSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { sql } from 'kysely';
import type { Database } from '../../../../common/database/database.ts';
import { openSqlite } from '../../../../common/database/sqlite.ts';
import { dayFile } from '../changes.ts';
import type { Days } from '../days.ts';
import type { DaySchema } from '../schema.ts';

const nameOfDay = /^audit-(\d{4}-\d\d-\d\d)\.db$/;
/** Each open file takes three file descriptors and 0.5 MB of memory. */
const mostOpen = 64;

/** The days as SQLite files in a folder: `audit-2026-11-29.db`. */
export function createDayFiles(folder: string): Days & { close(): Promise<void> } {
  // The one that was used last comes last.
  const open = new Map<string, Database<DaySchema>>();
  const pathOf = (day: string) => join(folder, `audit-${day}.db`);
  const forget = async (day: string) => {
    const database = open.get(day);
    open.delete(day);
    await database?.close();
  };
  const opened = (day: string) => {
    const found = open.get(day);
    // Another process may have dropped the day: its file is gone, and this one would be written to in vain.
    if (found && existsSync(pathOf(day))) {
      open.delete(day);
      open.set(day, found);
      return found.db;
    }
    if (found) void forget(day);
    const database = openSqlite<DaySchema>(pathOf(day), dayFile);
    open.set(day, database);
    const [oldest] = open.keys();
    if (open.size > mostOpen && oldest !== undefined) void forget(oldest);
    return database.db;
  };
  return {
    async days() {
      const days = readdirSync(folder).flatMap((name) => nameOfDay.exec(name)?.[1] ?? []);
      return days.sort();
    },
    day: opened,
    async make(day) {
      await sql`select 1`.execute(opened(day));
    },
    async drop(day) {
      await forget(day);
      for (const rest of ['', '-wal', '-shm']) rmSync(pathOf(day) + rest, { force: true });
    },
    async size(day) {
      const sizes = ['', '-wal'].map((rest) => statSync(pathOf(day) + rest, { throwIfNoEntry: false })?.size ?? 0);
      return sizes.reduce((all, size) => all + size, 0);
    },
    async close() {
      for (const day of [...open.keys()]) await forget(day);
    },
  };
}
