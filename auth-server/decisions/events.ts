import { boundedCache } from '../../common/service/bounded-cache.ts';
import { type Actor, eventText, type Happening, type PolicyEvent } from '../audit/event.ts';
import type { RecordKeeper } from '../audit/record.ts';
import type { SessionRecord } from '../store/session-record.ts';

/** A page that shows itself again with the same filters is one reading for this long. */
const sameReadingMilliseconds = 300_000;
const mostReadings = 10_000;

export type AuditEvents = ReturnType<typeof createAuditEvents>;

/** Whom an event is about: a person by subject, a client by id. */
type About = Required<Pick<Happening, 'about' | 'about_name'>>;

/** Records in the audit what happens to it, and to the access of others. Each takes who does it. */
export function createAuditEvents(audit: RecordKeeper, policyVersion: () => string) {
  const readings = boundedCache<string, number>(mostReadings);
  const add = (...[method, who, what]: Parameters<typeof eventText>) =>
    audit.add(eventText(method, who, { ...what, policy: policyVersion() }));
  return {
    /** Someone has connected or disconnected an account at a server. @param object the account's name there */
    account: (
      method: 'accounts/connect' | 'accounts/disconnect',
      who: Actor,
      what: { server: string; object: string | undefined },
    ) => add(method, who, { resource: 'mcp', ...what }),
    /** A held call was approved or refused by a person (about its caller), or an approval was used (about its approver). */
    approval: (
      method: 'approvals/approve' | 'approvals/refuse' | 'approvals/use',
      who: Actor,
      what: About & { server: string; object: string; detail: string },
    ) => add(method, who, { resource: 'mcp', ...what }),
    /** A person has ended access. @param what `detail`: what ended, in words; `count`: how many records; their own if `about` is missing */
    accessEnded: (who: Actor, what: Partial<About> & { detail: string; count: number }) =>
      add('access/end', who, { resource: 'registry', ...what }),
    /** An editor has changed the policy, or settled a change of it. @param what `detail`: which, and why; whose change, if another's */
    policy: (method: PolicyEvent, who: Actor, what: Partial<About> & { detail: string }) =>
      add(method, who, { resource: 'registry', ...what }),
    /** A page of the audit or its sums were opened, with these filters: once in five minutes. */
    read(who: Actor, filters: Readonly<Record<string, unknown>>): void {
      const detail = filtersInWords(filters);
      const key = JSON.stringify([who.subject, detail]);
      const now = Date.now();
      if (now - (readings.get(key) ?? Number.NEGATIVE_INFINITY) < sameReadingMilliseconds) return;
      readings.set(key, now);
      add('audit/read', who, { resource: 'registry', detail });
    },
    /** An export begins (without `count`), or all of its records were sent: one that broke off has no second record. */
    exported: (who: Actor, format: string, filters: Readonly<Record<string, unknown>>, count: number | undefined) =>
      add('audit/export', who, {
        resource: 'registry',
        detail: `${format}: ${filtersInWords(filters)}`,
        ...(count !== undefined && { count }),
      }),
  };
}

type SomePerson = Pick<SessionRecord, 'sub' | 'username' | 'shownName'> &
  Partial<Pick<SessionRecord, 'oauthClient' | 'usedAddress'>>;

/** A person by the record of their session, which knows where they are. */
export function actorOf({ sub, username, shownName, oauthClient, usedAddress: address }: SomePerson): Actor {
  const optional = { shown_name: shownName, client_id: oauthClient, address };
  return { subject: sub, username, auth_method: 'session_cookie', ...optional };
}

/** What only turns the page. */
const noFilter: ReadonlySet<string> = new Set(['before', 'limit']);

function filtersInWords({ times, ...filters }: Readonly<Record<string, unknown>>): string {
  // A span up to now begins at another time each time: it is still the same reading.
  const { since: _since, until: _until, ...others } = filters;
  const named = times ? { ...others, times } : filters;
  const set = Object.entries(named).filter(
    ([name, value]) => !noFilter.has(name) && value !== undefined && value !== '',
  );
  return set.map(([name, value]) => (name === 'times' ? String(value) : `${name}=${String(value)}`)).join(' ') || 'all';
}
