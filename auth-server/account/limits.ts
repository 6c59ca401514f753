import { mostLimits, type OwnLimits } from '../../common/doors/limits.ts';
import type { CallLimits, LimitState } from '../limits/call-limits.ts';
import type { SessionRecord } from '../store/session-record.ts';

export interface OwnLimitsDeps {
  callLimits: Pick<CallLimits, 'left'>;
}

/** A person's limits, with what they have used of each. Throws what the database threw. */
export async function ownLimits({ callLimits }: OwnLimitsDeps, { sub, groups }: SessionRecord): Promise<OwnLimits> {
  const left = await callLimits.left({ kind: 'person', subject: sub, groups, scopes: [] });
  return { limits: left.slice(0, mostLimits).map(toLimit) };
}

/** A limit as doors tell of it. */
export function toLimit({ limit, calls, endsAt }: LimitState) {
  return { server: limit.server, tools: limit.tools, most: limit.calls, seconds: limit.seconds, calls, endsAt };
}
