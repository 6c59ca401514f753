/** The record of one session: as long as it stands, the session does. Times in seconds since 1970. */
export interface SessionRecord {
  sid: string;
  sub: string;
  username: string;
  groups: readonly string[];
  createdAt: number;
  expiresAt: number;
}

/** Where sessions are kept. An ended session stays ended after a restart, and for every worker. */
export interface SessionStore {
  add(record: SessionRecord): Promise<void>;
  find(sid: string): Promise<SessionRecord | undefined>;
  end(sid: string): Promise<void>;
}
