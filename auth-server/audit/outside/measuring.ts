import type { DatabaseKind } from '../../../common/database/database.ts';
import { callMethods } from '../call-methods.ts';
import type { AuditRecord } from '../record.ts';
import { type Days, dayOf } from '../store/days.ts';
import { insertRows } from '../store/insert.ts';
import type { DaySchema } from '../store/schema.ts';
import { createJoin, type JoinLimits } from './join.ts';
import { readCallLine, type SeenCall } from './line.ts';
import type { MeasuredCall } from './measured-call.ts';
import { createTail } from './tail.ts';

type CallRow = DaySchema['audit_call'];

/** An allowed MCP request whose end is not known yet. */
interface Open {
  number: number;
  at: number;
  /** What the metrics count; undefined if the request is no call. */
  counted: Pick<MeasuredCall, 'server' | 'tool'> | undefined;
}

interface MeasuringDeps {
  database: Pick<Days, 'day' | 'make'> & { kind: DatabaseKind };
  /** The number of the writer whose records are given. */
  writer: number;
  /** `CALLS_FILE`. */
  path: string;
  /** Receives calls that have ended. */
  called: (calls: MeasuredCall[]) => void;
  /** Told once if requests were given up, and there was not a single line in the file: no nginx writes it. */
  unwritten: (requests: number) => void;
  limits?: JoinLimits;
}

/** More rows than these are not kept while the database cannot be written. */
const mostRows = 20_000;
const columns: readonly (keyof CallRow)[] = ['writer', 'number', 'at', 'status', 'milliseconds'];

/**
 * Notes status and time of the requests that this process has allowed, from nginx's lines: beside the records, and never part of
 * the chain. Run `work` each second.
 */
export function createMeasuring({ database, writer, path, called, unwritten, limits }: MeasuringDeps) {
  const tail = createTail(path);
  const join = createJoin<Open>(limits);
  let isWritten: boolean | undefined;
  let rows: CallRow[] = [];
  let calls: MeasuredCall[] = [];
  const ended = ({ number, at, counted }: Open, { status, milliseconds }: SeenCall) => {
    if (rows.length < mostRows) rows.push({ writer, number, at, status, milliseconds });
    if (counted) calls.push({ ...counted, status, milliseconds });
  };
  const tell = () => {
    const some = calls;
    calls = [];
    if (some.length > 0) called(some);
  };
  const writeDay = async (day: string, some: readonly CallRow[]) => {
    await database.make(day);
    const into = { table: 'audit_call', columns, suffix: 'on conflict do nothing' };
    await insertRows(database.kind, database.day(day), into, some);
  };
  const write = async () => {
    const batch = rows;
    rows = [];
    try {
      for (const [day, some] of Map.groupBy(batch, ({ at }) => dayOf(at))) await writeDay(day, some);
    } catch (error) {
      rows = [...batch, ...rows].slice(0, mostRows);
      throw error;
    }
  };
  return {
    /** Notes records that were just written. */
    written(records: readonly { number: number; record: AuditRecord }[]): void {
      for (const { number, record } of records) {
        if (record.verdict !== 'allow' || record.resource !== 'mcp' || record.request_id === undefined) continue;
        const open = { number, at: record.at, counted: countedOf(record) };
        const seen = join.decided(record.request_id, open);
        if (seen) ended(open, seen);
      }
    },
    /** Reads nginx's new lines, and writes what is known of the requests. @throws what file system or database threw */
    async work(): Promise<void> {
      for (const line of await tail.read()) {
        isWritten = true;
        const seen = readCallLine(line);
        const open = seen && join.seen(seen);
        if (open) ended(open, seen);
      }
      tell();
      if (isWritten === undefined && join.unseen() > 0) {
        isWritten = false;
        unwritten(join.unseen());
      }
      await write();
    },
    close: () => tail.close(),
  };
}

function countedOf({ server, method, object, definition }: AuditRecord): Open['counted'] {
  if (server === undefined || method === undefined || !callMethods.includes(method)) return undefined;
  return { server, tool: definition === undefined ? undefined : object };
}
