import { hash } from 'node:crypto';
import { counterOf, counts as isCounted, limitsOf } from '../../policy/limits.ts';
import type { Limit, Policy } from '../../policy/policy.ts';
import type { McpRequest } from '../../policy/request/mcp-request.ts';
import { AuthError } from '../denials/auth-error.ts';
import { texts } from '../denials/texts.ts';
import type { Principal } from '../identity/principal.ts';
import type { McpTarget } from '../request/original-request.ts';
import type { CountStore } from './count-store.ts';
import { type Asked, type Full, startOf } from './counts.ts';
import { type SharedCounts, type SharingOptions, shareCounts } from './shared-counts.ts';

/** Takes a call back that was counted: a refused call does not count. */
type GiveBack = () => void;

/** A limit of a caller. `endsAt` in seconds since 1970: when the next window begins. */
export interface LimitState {
  limit: Limit;
  calls: number;
  endsAt: number;
}

/** A caller near a limit. */
interface NearLimit extends LimitState {
  kind: 'person' | 'agent';
  subject: string;
  name: string;
  /** How many calls were allowed at the last one. */
  most: number;
}

/** Whose limits are asked for. */
type Who = Pick<Principal, 'kind' | 'subject' | 'groups' | 'scopes' | 'unknown'>;

/** The limits of the policy for calls of tools, over all clients of a caller and over all processes. */
export interface CallLimits extends Pick<SharedCounts, 'size' | 'share' | 'close'> {
  /**
   * Counts a call that the policy allows. Nothing is read or written for it.
   * @returns undefined if no limit counts it
   * @throws {AuthError} limit_reached
   */
  take(principal: Principal, target: Pick<McpTarget, 'server' | 'broker'>, asked: McpRequest): GiveBack | undefined;
  /** The limits of a caller, and what counts for each in the window that is open. Throws what the database threw. */
  left(caller: Who): Promise<LimitState[]>;
  /** Callers who have used half of a limit, those nearest to it first. Throws what the database threw. */
  nearest(most: number): Promise<NearLimit[]>;
  /** How the counts are shared; undefined while the policy has no limits. */
  state(): 'shared' | 'alone' | undefined;
}

/** A caller is near a limit from this part of it on. */
const nearShare = 0.5;

interface Options extends Omit<SharingOptions, 'hasLimits'> {
  store: CountStore;
  policy: () => Policy;
}

/** Starts to count. Resolves when the counts of windows that are open are known, if the policy has limits. */
export async function createCallLimits(options: Options): Promise<CallLimits> {
  const { store, policy } = options;
  const hasLimits = () => policy().source.limits.length > 0;
  const counts = await shareCounts({ ...options, hasLimits });
  const own = ownLimits(policy);
  return {
    take(principal, { server, broker }, { id, accesses }) {
      // What a broker asks for its caller counts, and not what the caller asks the broker.
      if (broker !== undefined || !hasLimits()) return undefined;
      const called = accesses.flatMap(({ method, object }) => (method === 'tools/call' && object ? object.name : []));
      const limits = called.flatMap((tool) => own(principal).filter((limit) => isCounted(limit, server, tool)));
      if (limits.length === 0) return undefined;
      const taken = counts.take(askedOf(limits, principal));
      if (typeof taken !== 'function') throw reached(taken, counts.now(), id);
      return taken;
    },
    async left(caller) {
      const limits = limitsOf(policy(), limitedCaller(caller));
      if (limits.length === 0) return [];
      await counts.share();
      const rows = new Map((await store.of(callerKey(caller))).map((row) => [row.counter, row]));
      return limits.map((limit) => {
        const startsAt = startOf(counts.now(), limit.seconds);
        const row = rows.get(digestOf(limit));
        const calls = row?.startsAt === startsAt ? Math.max(0, row.calls) : 0;
        return { limit, calls, endsAt: startsAt + limit.seconds };
      });
    },
    async nearest(most) {
      const limits = Map.groupBy(policy().source.limits, digestOf);
      if (limits.size === 0) return [];
      const rows = await store.nearest(most, [...limits.keys()]);
      return rows.flatMap(({ counter, caller, name, calls, most: allowed, endsAt }) => {
        const same = limits.get(counter) ?? [];
        const limit = same.find((each) => each.calls === allowed) ?? same[0];
        if (!limit || calls < allowed * nearShare) return [];
        return [{ ...whoOf(caller), name, limit, calls, most: allowed, endsAt }];
      });
    },
    state: () => (hasLimits() ? (counts.isAlone() ? 'alone' : 'shared') : undefined),
    size: () => counts.size(),
    share: () => counts.share(),
    close: () => counts.close(),
  };
}

/** The limits of a principal, found once for each policy. */
function ownLimits(policy: () => Policy): (principal: Principal) => readonly Limit[] {
  const kept = new WeakMap<Principal, { by: Policy; limits: readonly Limit[] }>();
  return (principal) => {
    const by = policy();
    const known = kept.get(principal);
    if (known?.by === by) return known.limits;
    const limits = limitsOf(by, limitedCaller(principal));
    kept.set(principal, { by, limits });
    return limits;
  };
}

function limitedCaller({ kind, groups, scopes, unknown = [] }: Who) {
  return { isAgent: kind === 'agent', groups: [...groups, ...unknown], scopes: [...scopes, ...unknown] };
}

const callerKey = ({ kind, subject }: Pick<Principal, 'kind' | 'subject'>) => `${kind} ${subject}`;

function whoOf(caller: string): Pick<NearLimit, 'kind' | 'subject'> {
  const [kind, ...subject] = caller.split(' ');
  return { kind: kind === 'agent' ? 'agent' : 'person', subject: subject.join(' ') };
}

const digests = new WeakMap<Limit, string>();

/** Names what a limit counts, in the tables. */
function digestOf(limit: Limit): string {
  const known = digests.get(limit) ?? hash('sha256', counterOf(limit), 'base64url');
  digests.set(limit, known);
  return known;
}

/** Limits that count the same share one count, and the lowest of them holds. */
function askedOf(limits: readonly Limit[], principal: Principal): Asked[] {
  const lowest = new Map<string, Limit>();
  for (const limit of limits) {
    const counter = digestOf(limit);
    if (limit.calls < (lowest.get(counter)?.calls ?? Number.POSITIVE_INFINITY)) lowest.set(counter, limit);
  }
  const { username: name } = principal;
  const caller = callerKey(principal);
  return [...lowest].map(([counter, { calls: most, seconds }]) => ({ counter, caller, name, most, seconds }));
}

function reached({ asked: { most, seconds }, endsAt }: Full, now: number, id: McpRequest['id']): AuthError {
  const retryAfter = Math.max(1, Math.ceil((endsAt - now) / 1000));
  const until = new Date(endsAt).toISOString().replace('.000', '');
  const text = texts.limit_reached(most, wordOf(seconds), retryAfter, until);
  return new AuthError('limit_reached', text, { id, retryAfter, data: { retryAfterSeconds: retryAfter, until } });
}

const wordOf = (seconds: number) => (seconds === 60 ? 'minute' : seconds === 3_600 ? 'hour' : 'day');
