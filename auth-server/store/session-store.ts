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
  /** Takes the right to ask the provider again, for some seconds; false if somebody else has it. */
  lease(sid: string, seconds: number): Promise<boolean>;
  confirm(sid: string, confirmation: Confirmation): Promise<void>;
  /** Everybody who is logged in, the newest first. */
  list(): Promise<SessionRecord[]>;
  /** @returns how many there were */
  end(owner: SessionOwner): Promise<number>;
}
