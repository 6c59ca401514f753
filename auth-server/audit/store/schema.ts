import type { Generated, Kysely } from 'kysely';
import type { KeyTable } from '../../store/key-table.ts';
import type { SumTables } from './sum-tables.ts';

/** Numbers of the locks. Those of the auth-server's store are from 7870, the registry's is 7860. */
export const turns = { days: 7_880, import: 7_881, retention: 7_882, sums: 7_883, heads: 7_884, keys: 7_885 } as const;

/** The writer of records that older releases have kept. Others have larger numbers. */
export const importWriter = 1;

/**
 * Waits for the lock with this number (`turns`), and holds it in a transaction. Within `work` use `on`: in SQLite a query of
 * `main` would wait for the end of the transaction, and so for itself.
 * @returns what `work` returns
 */
export type Alone = <T>(turn: number, work: (on: Kysely<MainSchema>) => Promise<T>) => Promise<T>;

/** Kinds of names that are kept for suggestions, and to find the exact names that contain what a person has typed. */
export type NameKind = 'person' | 'server' | 'object' | 'reason' | 'client' | 'method';
/** A column, and a column of refused records only: refusals are few, and mostly looked for together with another value. */
export type SeenKind = NameKind | `refused ${NameKind}` | PairKind;

/** Two columns together: pairs.ts. */
export type PairKind = `${NameKind} ${NameKind}`;

/** The tables beside the days (SQLite: `audit.db`). Times are milliseconds since 1970. */
export interface MainSchema extends SumTables {
  /** One start of one process. `id` is random: a restored database must not give out one that records already have. */
  audit_writer: {
    id: number;
    /** 128 random bits in hex. The chain of the writer begins with it. */
    name: string;
    host: string;
    pid: number;
    started_at: number;
    /** When its process last said that it is there. */
    seen_at: number;
    ended_at: number | null;
    /** The last number that a head names, so that the next head need not look for it. */
    signed: Generated<number>;
    /** 1 once no head will name it again. */
    signed_end: Generated<number>;
  };
  /** A caller's groups and scopes, kept once: see `KnownCaller`. */
  audit_caller: { digest: string; text: string; seen_at: number };
  /** `caller`: of a person, the digest of who they last were; null of others, and from before there was the column. */
  audit_name: { kind: NameKind; value: string; label: string; seen_at: number; caller: string | null };
  /** What signs the statements. The public half of each key stays for good. */
  audit_key: KeyTable;
  audit_statement: { seq: number; kind: string; at: number; jws: string; digest: string };
  /** Batches of the record of older releases that are taken over: their numbers, and whether their records are written. */
  audit_import: { batch: number; first: number; count: number; written: number };
}

/** The tables of a day. */
export interface DaySchema {
  decision: {
    writer: number;
    /** From 1 for each writer, without gaps. */
    number: number;
    at: number;
    verdict: string;
    reason: string | null;
    /** The subject, of agents too; null if the caller was not identified. */
    person: string | null;
    client: string | null;
    /** `#registry` for the registry. */
    server: string | null;
    object: string | null;
    method: string | null;
    caller: string | null;
    /** Null once the person is erased, as `record`. */
    salt: Uint8Array | null;
    digest: Uint8Array;
    link: Uint8Array;
    record: string | null;
  };
  /**
   * In which minutes records have a value, so that a filter looks at these only. Indexes of these columns would make each record
   * twice as dear to write. `at` is the begin of the minute, of pairs that of ten; the value '' of `person` stands for none.
   */
  decision_seen: { kind: SeenKind; value: string; at: number };
  /** How many records of a server there are, and the time of the oldest. `at` is the begin of the day; '' stands for no server. */
  decision_count: { server: string; at: number; count: number; oldest: number };
  /** What nginx has measured of an allowed call. `at` is that of its decision. */
  audit_call: { writer: number; number: number; at: number; status: number; milliseconds: number };
}
