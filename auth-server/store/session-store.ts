/** The record of one session: as long as it stands, the session does. Times in seconds since 1970. */
export interface SessionRecord {
  sid: string;
  sub: string;
  username: string;
  groups: readonly string[];
  createdAt: number;
  expiresAt: number;
  /** Name of the provider that the person logged in with, and the app client that it was for. */
  provider: string;
  clientId: string;
  /** When the provider last said that these are the person's groups. */
  refreshedAt: number;
  /** When it was last used, to within half a minute. */
  lastSeen: number;
  /** The provider's refresh token, encrypted; undefined if it gave none. */
  refreshToken: string | undefined;
}

/** What the provider said when it was asked again. */
export type Confirmation = Pick<SessionRecord, 'groups' | 'refreshedAt' | 'refreshToken'>;

/** Whose sessions: at least one of these. */
export type SessionOwner = { sid: string } | { user: string } | { clientId: string } | 'everybody';

/** Where sessions are kept. An ended session stays ended after a restart, and for every process. */
export interface SessionStore {
  add(record: SessionRecord): Promise<void>;
  find(sid: string): Promise<SessionRecord | undefined>;
  /** Notes that it is being used; written a little later. */
  touch(record: SessionRecord, now: number): void;
  /** The record as the database has it now, whatever is in memory. */
  read(sid: string): Promise<SessionRecord | undefined>;
  /**
   * Takes the right to ask the provider again, for some seconds.
   * @returns the record as it is now; undefined if somebody else has the right, or there is no such session
   */
  lease(sid: string, seconds: number): Promise<SessionRecord | undefined>;
  /** Gives that right back. */
  release(sid: string): Promise<void>;
  /** Notes what the provider said, and gives the right back. Ends what the person has open if the groups are others. */
  confirm(sid: string, confirmation: Confirmation): Promise<void>;
  /** Everybody who is logged in, the newest first. */
  list(): Promise<SessionRecord[]>;
  /** @returns how many there were */
  end(owner: SessionOwner): Promise<number>;
}
