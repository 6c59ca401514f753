import type { Kysely, Selectable } from 'kysely';
import { nowInSeconds } from '../../../common/time/now.ts';
import type { LoginAttempt } from '../../cognito/oauth-client.ts';
import type { Client } from '../clients/client.ts';
import type { Schema } from './migrations.ts';
import { digest, random } from './tokens.ts';

/** What a client asks for. */
export interface Asked {
  client: Pick<Client, 'id' | 'name' | 'kind'>;
  redirectUri: string;
  challenge: string;
  /** The canonical resource. */
  resource: string;
  state: string | undefined;
}

export type Answer = 'allow' | 'deny';

/** A request of a client that a person answers in their browser. */
export interface AuthorizationRequest {
  /** Names it in addresses; cannot be guessed. */
  uid: string;
  asked: Asked;
  /** What the provider said about the person, encrypted; undefined before the login, and after the answer. */
  person: string | undefined;
  answer: Answer | undefined;
  /** In seconds since 1970. */
  answeredAt: number | undefined;
}

/** A login at the provider that is under way for a request. */
export type RequestLogin = LoginAttempt & { provider: string };

/** How long a person has for login and answer. */
export const requestSeconds = 900;
/** Copilot opens the tabs of all its servers at once. */
const mostPerBrowser = 50;
/** Of 5 kB at most. Strangers can make requests, in as many browsers as they like. */
const mostInAll = 10_000;
/** Logins that may be under way for one request: some tabs. */
const mostLogins = 10;
/** How many are deleted at once when there are too many. */
const mostDropped = 200;

type Row = Selectable<Schema['oauth_request']>;

/** What clients ask for. The browser that asked is tied to it by the digest of its cookie. */
export class Requests {
  readonly #db: Kysely<Schema>;
  readonly #dropped: (persons: string[]) => void;
  readonly #most: { perBrowser: number; inAll: number };

  /** @param dropped receives what the provider said about the persons of requests that were never answered, encrypted */
  constructor(
    db: Kysely<Schema>,
    dropped: (persons: string[]) => void,
    most = { perBrowser: mostPerBrowser, inAll: mostInAll },
  ) {
    this.#db = db;
    this.#dropped = dropped;
    this.#most = most;
  }

  /**
   * Keeps a request for a quarter of an hour. Beyond the bounds, the browser's oldest is dropped, or the oldest of all.
   * @param browser the value of the browser's cookie
   * @returns the id of the request
   */
  async add(asked: Asked, browser: string): Promise<string> {
    const uid = random();
    const row = { key: digest(uid), browser: digest(browser), asked: JSON.stringify(asked) };
    const nothing = { person: null, answer: null, answered_at: null };
    await this.#db
      .insertInto('oauth_request')
      .values({ ...row, ...nothing, expires_at: nowInSeconds() + requestSeconds })
      .execute();
    await this.#dropOldest(row.browser);
    return uid;
  }

  /** A request that this browser has made. */
  async find(uid: string, browser: unknown): Promise<AuthorizationRequest | undefined> {
    if (typeof browser !== 'string') return undefined;
    const own = this.#db.selectFrom('oauth_request').selectAll().where('browser', '=', digest(browser));
    const row = await own.where('key', '=', digest(uid)).executeTakeFirst();
    if (!row || row.expires_at <= nowInSeconds()) return undefined;
    const { person, answer, answered_at } = row;
    return {
      uid,
      asked: JSON.parse(row.asked) as Asked,
      person: person ?? undefined,
      answer: (answer ?? undefined) as Answer | undefined,
      answeredAt: answered_at ?? undefined,
    };
  }

  /** Keeps the login that this browser begins for a request. */
  async addLogin(uid: string, browser: string, login: RequestLogin): Promise<void> {
    const row = { key: digest(login.state), request: uid, browser: digest(browser), attempt: JSON.stringify(login) };
    const expires_at = nowInSeconds() + requestSeconds;
    await this.#db
      .insertInto('oauth_login')
      .values({ ...row, expires_at })
      .execute();
    const all = this.#db.selectFrom('oauth_login').select('key').where('request', '=', uid);
    const surplus = await all.orderBy('expires_at', 'desc').offset(mostLogins).limit(mostDropped).execute();
    if (surplus.length === 0) return;
    const keys = surplus.map(({ key }) => key);
    await this.#db.deleteFrom('oauth_login').where('key', 'in', keys).execute();
  }

  /** Takes the login with this state, once. @returns undefined if this browser has not begun it */
  async takeLogin(state: string, browser: string): Promise<{ uid: string; login: RequestLogin } | undefined> {
    const own = this.#db.deleteFrom('oauth_login').where('key', '=', digest(state));
    const row = await own.where('browser', '=', digest(browser)).returningAll().executeTakeFirst();
    if (!row || row.expires_at <= nowInSeconds()) return undefined;
    return { uid: row.request, login: JSON.parse(row.attempt) as RequestLogin };
  }

  /**
   * Notes who has logged in for a request that is not answered yet.
   * @param person what the provider said, encrypted
   */
  async setPerson({ uid, person: before }: AuthorizationRequest, person: string): Promise<void> {
    const open = this.#db.updateTable('oauth_request').where('key', '=', digest(uid)).where('answer', 'is', null);
    const { numUpdatedRows } = await open.set({ person }).executeTakeFirst();
    if (numUpdatedRows === 0n) this.#dropped([person]);
    else if (before !== undefined) this.#dropped([before]);
  }

  /**
   * Answers a request, unless it is answered already, and forgets the person.
   * @returns the answer that counts: the first
   */
  async answer(uid: string, answer: Answer): Promise<Answer> {
    const one = this.#db.updateTable('oauth_request').where('key', '=', digest(uid));
    const change = { answer, answered_at: nowInSeconds(), person: null };
    if ((await one.where('answer', 'is', null).set(change).executeTakeFirst()).numUpdatedRows > 0n) return answer;
    const all = this.#db.selectFrom('oauth_request').select('answer').where('key', '=', digest(uid));
    return (await all.executeTakeFirstOrThrow()).answer as Answer;
  }

  /** Deletes requests and logins that have expired. */
  async prune(): Promise<void> {
    const now = nowInSeconds();
    await this.#db.deleteFrom('oauth_login').where('expires_at', '<=', now).execute();
    const expired = this.#db.deleteFrom('oauth_request').where('expires_at', '<=', now);
    this.#forget(await expired.returning('person').execute());
  }

  async #dropOldest(browser: string): Promise<void> {
    const own = this.#db.selectFrom('oauth_request').select('id').where('browser', '=', browser);
    const surplus = own.orderBy('id', 'desc').offset(this.#most.perBrowser).limit(mostDropped);
    await this.#drop((await surplus.execute()).map(({ id }) => id));
    const { count } = await this.#db
      .selectFrom('oauth_request')
      .select((e) => e.fn.countAll<number | string>().as('count'))
      .executeTakeFirstOrThrow();
    const tooMany = Math.min(mostDropped, Number(count) - this.#most.inAll);
    if (tooMany <= 0) return;
    // First those before the login: they cost a stranger nothing.
    const oldest = this.#db.selectFrom('oauth_request').select('id').where('person', 'is', null).orderBy('id');
    await this.#drop((await oldest.limit(tooMany).execute()).map(({ id }) => id));
  }

  async #drop(ids: number[]): Promise<void> {
    if (ids.length === 0) return;
    this.#forget(await this.#db.deleteFrom('oauth_request').where('id', 'in', ids).returning('person').execute());
  }

  #forget(rows: Pick<Row, 'person'>[]): void {
    const persons = rows.flatMap(({ person }) => person ?? []);
    if (persons.length > 0) this.#dropped(persons);
  }
}
