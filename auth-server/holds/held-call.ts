import { hash } from 'node:crypto';
import type { Approvers } from '../../policy/policy.ts';
import type { CanonicalCall } from './canonical-call.ts';
import type { HoldState } from './table.ts';

/** A call that takes an approval: who asks for what. */
export interface HeldCall extends CanonicalCall {
  /** `person:` or `agent:` and the subject. */
  owner: string;
  username: string;
  shownName: string | undefined;
  /** What the caller uses, as it calls itself; undefined for a browser. */
  client: string | undefined;
  server: string;
  tool: string;
  /** The hash of the approved definition of the tool; undefined if none is known. */
  definition: string | undefined;
}

/** Who has approved or refused a call, and how. */
export interface Answered {
  subject: string;
  /** The name to show. */
  name: string;
  /** The browser session. The approval counts only while it stands. */
  sid: string;
  /** The group in whose name it was answered; null for the caller. */
  group: string | null;
  /** Whether the provider has said that the person has just signed in. */
  isFresh: boolean;
}

/** A held call as its pages show it. Times in seconds since 1970. */
export interface Hold extends Omit<HeldCall, 'text' | 'round'> {
  id: string;
  approvers: Approvers;
  state: HoldState;
  askedAt: number;
  expiresAt: number;
  answered: Answered | undefined;
}

/** The person who looks at a held call, by the record of their browser session. */
export interface Viewer {
  subject: string;
  groups: readonly string[];
}

/** The digest of everything that an approval is bound to. */
export function callDigest({ owner, server, tool, definition, text }: Omit<HeldCall, 'round'>): string {
  return hash('sha256', JSON.stringify([owner, server, tool, definition ?? '', text]), 'base64url');
}

/** Whether a person is the one whose call it is. */
export function isOwn(hold: Pick<Hold, 'owner'>, { subject }: Pick<Viewer, 'subject'>): boolean {
  return hold.owner === `person:${subject}`;
}

/**
 * In whose name a person may answer a call: their own (null), or that of a group. A member of an approving group cannot approve
 * their own call.
 * @returns undefined if they may not
 */
export function rightToAnswer(
  hold: Pick<Hold, 'owner' | 'approvers'>,
  viewer: Viewer,
): { group: string | null } | undefined {
  const { person, groups } = hold.approvers;
  if (isOwn(hold, viewer)) return person ? { group: null } : undefined;
  const group = groups.find((each) => viewer.groups.includes(each));
  return group === undefined ? undefined : { group };
}

/** Whether anyone may approve the call. An agent has no person who could. */
export function hasApprovers({ owner }: Pick<HeldCall, 'owner'>, { person, groups }: Approvers): boolean {
  return groups.length > 0 || (person && owner.startsWith('person:'));
}
