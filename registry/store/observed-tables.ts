import type { Kysely } from 'kysely';

/** The tables of what was observed of servers, and of which tools were approved. As in `Schema`. */
export interface ObservedSchema {
  /** The last state of a server, as JSON, and where it was asked. */
  server_health: { server: string; target: string; at: string; state: string };
  /** As a server last announced itself, as JSON. */
  server_seen: { server: string; target: string; at: string; seen: string };
  /** Each time that the state became another. */
  server_event: {
    server: string;
    at: string;
    state: string;
    latency_ms: number | null;
    reason: string | null;
  };
  /** Checks summed up: `size` minutes from minute `start` since 1970. */
  server_checks: {
    server: string;
    size: number;
    start: number;
    ok: number;
    failed: number;
    total_ms: number;
    longest_ms: number;
  };
  /** When a server's tools were first seen, and so approved. */
  tool_baseline: { server: string; at: string };
  /** The approved definition of a tool; `parts` as JSON, null when too large to be kept. */
  tool_pin: { server: string; name: string; hash: string; parts: string | null; at: string; by_name: string };
  /** The definition that waits for approval. */
  tool_pending: { server: string; name: string; hash: string; parts: string | null; at: string };
}

/** Makes these tables. */
export async function observedTables(db: Kysely<unknown>): Promise<void> {
  const texts = { text: ['server', 'target', 'at'] };
  await make(db, 'server_health', { ...texts, text: [...texts.text, 'state'] }, ['server']);
  await make(db, 'server_seen', { ...texts, text: [...texts.text, 'seen'] }, ['server']);
  await make(db, 'server_event', {
    text: ['server', 'at', 'state'],
    optional: ['reason'],
    optionalInteger: ['latency_ms'],
  });
  const sums = ['size', 'start', 'ok', 'failed', 'total_ms', 'longest_ms'];
  await make(db, 'server_checks', { text: ['server'], integer: sums }, ['server', 'size', 'start']);
  await make(db, 'tool_baseline', { text: ['server', 'at'] }, ['server']);
  const tool = ['server', 'name', 'hash', 'at'];
  await make(db, 'tool_pin', { text: [...tool, 'by_name'], optional: ['parts'] }, ['server', 'name']);
  await make(db, 'tool_pending', { text: tool, optional: ['parts'] }, ['server', 'name']);
  await db.schema.createIndex('server_event_server').on('server_event').columns(['server', 'at']).execute();
}

interface Columns {
  text?: string[];
  optional?: string[];
  integer?: string[];
  optionalInteger?: string[];
}

async function make(db: Kysely<unknown>, name: string, columns: Columns, key: string[] = []): Promise<void> {
  let table = db.schema.createTable(name);
  for (const column of columns.text ?? []) table = table.addColumn(column, 'text', (c) => c.notNull());
  for (const column of columns.optional ?? []) table = table.addColumn(column, 'text');
  for (const column of columns.integer ?? []) table = table.addColumn(column, 'integer', (c) => c.notNull());
  for (const column of columns.optionalInteger ?? []) table = table.addColumn(column, 'integer');
  if (key.length > 0) table = table.addPrimaryKeyConstraint(`${name}_key`, key as never);
  await table.execute();
}
