import { createHmac } from 'node:crypto';
import type { Kysely } from 'kysely';
import { nowInSeconds } from '../../../common/time/now.ts';
import { OAuthError } from '../oauth-error.ts';
import type { CodeKind, Schema } from '../store/migrations.ts';
import {
  addToken,
  digest,
  findToken,
  forgetFamily,
  newestGeneration,
  pruneTokens,
  random,
  type TokenKind,
  useToken,
} from '../store/tokens.ts';

/** What a person has allowed a client: it stands as long as the session record of its login. */
export interface Grant {
  /** Id of the session record, which names the grant. */
  sid: string;
  /** Digest of the client's id. */
  client: string;
  /** The canonical resource. */
  resource: string;
  /** When it ends whatever happens, in seconds since 1970. */
  until: number;
}

/** Where a code is sent, and who may exchange it (RFC 7636). */
export interface CodeTerms {
  redirectUri: string;
  challenge: string;
}

/** Why a whole grant has to end: two parties have shown the same code or refresh token. */
export type Replay = 'code_replayed' | 'refresh_token_replayed';

interface GrantOptions {
  /** How long a refresh token works without use, in seconds. */
  idleSeconds: number;
  /** Ends the session record of a grant, and logs why. */
  end: (sid: string, why: Replay) => Promise<void>;
  /** How many replaced tokens of a family are remembered: a client that refreshes without end must not fill the disk. */
  mostRetired?: number;
}

const codeSeconds = 60;
/** A code that was exchanged is remembered for this long, to know a thief by it. */
const usedCodeSeconds = 600;
/** How long a replaced refresh token works whatever happens: a client may refresh in several processes at once. */
const graceSeconds = 45;
/** How long a replaced refresh token is remembered, to know a thief by it. */
const retiredSeconds = 86_400;

/** Codes and refresh tokens. The database decides what is used, by one conditional update. */
export class Grants {
  readonly #db: Kysely<Schema>;
  readonly #lineage: Uint8Array;
  readonly #options: GrantOptions;

  /**
   * @param lineage a secret that all processes share. The successor of a token follows from it by HMAC: all that show the
   *   same token, to any process, get the same one, without a lock
   */
  constructor(db: Kysely<Schema>, lineage: Uint8Array, options: GrantOptions) {
    this.#db = db;
    this.#lineage = lineage;
    this.#options = options;
  }

  /** The id of the session record for a request: the same at a second click on Allow. */
  sidOf(request: string): string {
    return this.#following('sid', request);
  }

  /** Makes the code that answers a request: the same at a second click on Allow. */
  async addCode(kind: CodeKind, request: string, grant: Grant, terms: CodeTerms): Promise<void> {
    const code = this.#following(kind, request);
    await addToken(this.#db, kind, code, { ...grant, ...terms }, { ...grant, seconds: codeSeconds });
  }

  /** The code that answers a request. @returns undefined if it was exchanged, or has expired */
  async codeOf(kind: CodeKind, request: string): Promise<string | undefined> {
    const code = this.#following(kind, request);
    return (await findToken(this.#db, kind, code))?.usedAt === null ? code : undefined;
  }

  /**
   * What a code is for. Nothing is used up yet.
   * @throws {OAuthError} invalid_grant
   */
  async findCode(kind: CodeKind, code: string, client: string, redirectUri: string, verifier: string): Promise<Grant> {
    const found = await findToken<Grant & CodeTerms>(this.#db, kind, code);
    if (!found || found.value.client !== client || found.value.redirectUri !== redirectUri) throw loginEnded();
    if (!/^[\w.~-]{43,128}$/.test(verifier) || digest(verifier) !== found.value.challenge) throw loginEnded();
    const { redirectUri: _, challenge: __, ...grant } = found.value;
    if (found.usedAt !== null) throw await this.#replayed(grant, 'code_replayed');
    return grant;
  }

  /**
   * Exchanges a code for the first refresh token of a family. A code that comes twice was stolen: its grant ends.
   * @throws {OAuthError} invalid_grant
   */
  async redeem(code: string, grant: Grant): Promise<string> {
    const token = random();
    // In one transaction: after a failure in between, the client's next try would look like a theft.
    const isFirst = await this.#db.transaction().execute(async (db) => {
      if (!(await useToken(db, 'code', code, usedCodeSeconds))) return false;
      await addToken(db, 'refresh', token, grant, this.#termsOf(grant, 0));
      return true;
    });
    if (!isFirst) throw await this.#replayed(grant, 'code_replayed');
    return token;
  }

  /**
   * Uses up a code for a session. One that comes twice was stolen: the session ends.
   * @throws {OAuthError} invalid_grant
   */
  async useUp(code: string, grant: Grant): Promise<void> {
    if (await useToken(this.#db, 'session code', code, usedCodeSeconds)) return;
    throw await this.#replayed(grant, 'code_replayed');
  }

  /** What a refresh token is for, also a replaced one. Nothing is used up yet. */
  async findRefreshToken(token: string, client: string): Promise<Grant | undefined> {
    const found = await findToken<Grant>(this.#db, 'refresh', token);
    return found?.value.client === client && found.value.until > nowInSeconds() ? found.value : undefined;
  }

  /**
   * Replaces a refresh token (RFC 9700 section 4.14.2). One that was replaced gives the newest of its family for 45 seconds,
   * and as long as its successor is unused: then the answer was lost. Anything else is a theft, and the grant ends.
   * @throws {OAuthError} invalid_grant
   */
  async rotate(token: string, grant: Grant): Promise<string> {
    const found = await findToken(this.#db, 'refresh', token);
    if (!found) throw loginEnded();
    const { usedAt, generation } = found;
    const successor = this.#following('refresh', token);
    if (usedAt === null) {
      await this.#replace(token, successor, grant, generation);
      return successor;
    }
    const isLate = nowInSeconds() - usedAt >= graceSeconds;
    if (isLate && (await findToken(this.#db, 'refresh', successor))?.usedAt !== null)
      throw await this.#replayed(grant, 'refresh_token_replayed');
    // A busy client may have gone on several times within the time: all get the newest.
    const steps = (await newestGeneration(this.#db, grant.sid)) - generation;
    let newest = token;
    for (let step = 0; step < steps; step++) newest = this.#following('refresh', newest);
    return newest;
  }

  /** Deletes codes and tokens that have expired. @returns the grants whose code was never exchanged */
  prune(): Promise<string[]> {
    return pruneTokens(this.#db);
  }

  async #replace(token: string, successor: string, grant: Grant, generation: number): Promise<void> {
    const { mostRetired = 1_000 } = this.#options;
    await this.#db.transaction().execute(async (db) => {
      await addToken(db, 'refresh', successor, grant, this.#termsOf(grant, generation + 1));
      await useToken(db, 'refresh', token, retiredSeconds);
      if (generation >= mostRetired) await forgetFamily(db, grant.sid, generation - mostRetired);
    });
  }

  #termsOf(grant: Grant, generation: number) {
    const seconds = Math.max(1, Math.min(this.#options.idleSeconds, grant.until - nowInSeconds()));
    return { ...grant, seconds, generation };
  }

  #following(kind: TokenKind | 'sid', value: string): string {
    return createHmac('sha256', this.#lineage).update(`${kind} ${value}`).digest('base64url');
  }

  async #replayed({ sid }: Grant, why: Replay): Promise<OAuthError> {
    await this.#options.end(sid, why);
    await forgetFamily(this.#db, sid);
    return loginEnded();
  }
}

/** The words of every grant that is over, whatever ended it: a client throws its tokens away and logs in again. */
export const loginEnded = () => new OAuthError('invalid_grant', 'Your login has ended. Log in again.');
