/** What the thread needs to know: plain values, which can be sent to it. */
export interface AuditPlace {
  /** A folder for `audit.db` and the files of the days, or `postgres://…`. */
  where: string;
  /** Records older than this many days are dropped. */
  days: number;
  /** The oldest days are dropped while all take more than this. */
  maxBytes: number;
  /** The gateway's address, which its signed statements name. */
  publicUrl: string;
  /** How often a head is signed, in minutes. */
  headMinutes: number;
  /** `CALLS_FILE`: where nginx writes times and statuses of calls. Undefined if they are not measured. */
  callsFile?: string | undefined;
}
