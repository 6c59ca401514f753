/** What can be wrong with the audit. docs/operations/audit.md explains each. */
export type FaultCode =
  | 'record_removed'
  | 'record_changed'
  | 'record_moved'
  | 'record_inserted'
  | 'record_differs'
  | 'writer_missing'
  | 'writer_unknown'
  | 'caller_changed'
  | 'caller_missing'
  | 'statement_missing'
  | 'statement_changed'
  | 'statement_unsigned'
  | 'statement_differs';

/** One fault, and where it is. */
export interface Fault {
  code: FaultCode;
  /** A sentence for people. */
  text: string;
  /** Name of the writer. */
  writer?: string;
  /** The first record concerned, or the only one. */
  from?: number;
  /** The last record concerned. */
  to?: number;
  /** Number of the statement. */
  statement?: number;
  /** The time of the record or statement, or of the nearest one that is there; milliseconds since 1970. */
  at?: number;
}

/** More are counted, not listed. */
const mostListed = 1_000;

/** Collects faults. */
export function createFaults() {
  const listed: Fault[] = [];
  let count = 0;
  return {
    listed: listed as readonly Fault[],
    count: () => count,
    add(fault: Fault): void {
      count++;
      if (listed.length < mostListed) listed.push(fault);
    },
  };
}

export type Faults = ReturnType<typeof createFaults>;
