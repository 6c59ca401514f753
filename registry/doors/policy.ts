import type * as z from 'zod';
import { type ReplayAnswer, type ReplayQuery, replayAnswer } from '../../common/doors/replay.ts';
import {
  type ChangedPolicy,
  type CurrentPolicy,
  changedPolicy,
  currentPolicy,
  type JudgedPolicy,
  judgedPolicy,
  type PolicyChange,
  type PolicyVersions,
  type PolicyVersionText,
  policyVersions,
  policyVersionText,
  type SettleDrift,
  type SettledDrift,
  type SettledProposal,
  type SettleProposal,
  settledDrift,
  settledProposal,
} from '../../common/doors/versions.ts';
import { RegistryError } from '../errors/registry-error.ts';
import { createAsk } from './ask-auth-server.ts';
import { wordsOfPolicy } from './ask-policy.ts';

/**
 * The versions of the policy, which the auth-server keeps. Each question takes the assertion of a person who holds `edit_policy`.
 * All throw {@link RegistryError}; those that change something also throw {@link PolicyConflict} where another change came first,
 * and `policy_fixed` without `POLICY_EDITABLE`.
 */
export interface PolicyDoor {
  current(assertion: string): Promise<CurrentPolicy>;
  /** A page of the history. @param before the number from which it goes on to older ones */
  versions(assertion: string, before?: number): Promise<PolicyVersions>;
  /** One version with its text. Throws `not_found` if it is not kept. */
  version(assertion: string, number: number): Promise<PolicyVersionText>;
  /** What a text would mean as the policy. It changes nothing. */
  judge(assertion: string, text: string): Promise<JudgedPolicy>;
  change(assertion: string, change: PolicyChange): Promise<ChangedPolicy>;
  /** Confirms another editor's proposal, or withdraws one. */
  settle(assertion: string, id: number, act: SettleProposal['act']): Promise<SettledProposal>;
  /** Takes or dismisses the changed file. */
  drift(assertion: string, what: SettleDrift): Promise<SettledDrift>;
  /** What a text would have answered to recorded requests. It changes nothing. */
  replay(assertion: string, query: ReplayQuery): Promise<ReplayAnswer>;
}

/**
 * Makes the client of the auth-server, which keeps the versions and judges by the assertion who may see and change them.
 * @param authServerUrl origin of the auth-server
 */
export function createPolicyDoor(authServerUrl: string): PolicyDoor {
  const ask = createAsk(authServerUrl, wordsOfPolicy);
  const get = <T>(path: string, assertion: string, answer: z.ZodType<T>) => ask({ path, assertion, answer });
  const post = <T>(path: string, assertion: string, answer: z.ZodType<T>, body: object) =>
    ask({ path, assertion, answer, body });
  return {
    current: (assertion) => get('/policy', assertion, currentPolicy),
    versions: (assertion, before) =>
      get(`/policy/versions${before === undefined ? '' : `?before=${before}`}`, assertion, policyVersions),
    version: (assertion, number) => get(`/policy/versions/${number}`, assertion, policyVersionText),
    judge: (assertion, text) => post('/policy/judge', assertion, judgedPolicy, { text }),
    change: (assertion, change) => post('/policy/changes', assertion, changedPolicy, change),
    settle: (assertion, id, act) => post(`/policy/proposals/${id}`, assertion, settledProposal, { act }),
    drift: (assertion, what) => post('/policy/drift', assertion, settledDrift, what),
    replay: (assertion, query) => post('/policy/replay', assertion, replayAnswer, query),
  };
}
