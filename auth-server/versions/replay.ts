import type { ReplayAnswer, ReplayQuery } from '../../common/doors/replay.ts';
import { mostSentences } from '../../common/doors/versions.ts';
import { type ToolGuard, toolsBy } from '../../common/policy/approved-tools-watch.ts';
import { readPolicyText } from '../../common/policy/policy-in-force.ts';
import { ConfigError } from '../../common/text/config-error.ts';
import type { Policy, PolicySource } from '../../policy/policy.ts';
import { mayUseUiEverywhere } from '../../policy/ui.ts';
import { DoorRefusal } from '../account/door-answer.ts';
import type { Audit } from '../audit/thread/audit.ts';
import { type AuditEvents, actorOf } from '../decisions/events.ts';
import type { EditorSession } from './change.ts';

/** What a replay needs. */
export interface ReplayDeps {
  policy: () => Policy;
  audit: Pick<Audit, 'ask'>;
  toolGuard: Pick<ToolGuard, 'known'>;
  auditEvents: Pick<AuditEvents, 'read'>;
}

/** Each replay keeps the audit's thread busy for a while. */
const mostWaiting = 2;

/** Makes what replays texts over the recorded decisions, one after the other. */
export function createReplay({ policy, audit, toolGuard, auditEvents }: ReplayDeps) {
  let last: Promise<unknown> = Promise.resolve();
  let waiting = 0;
  /**
   * @param editor who asks: without `view_audit` for all, no rows say who has called what; with it, the audit was read
   * @throws {DoorRefusal} `input_invalid` with the faults of the text, `policy_busy` if too many wait
   */
  return async ({ text, since }: ReplayQuery, { own, scopes }: EditorSession): Promise<ReplayAnswer> => {
    if (waiting >= mostWaiting)
      throw new DoorRefusal(503, 'policy_busy', 'Others are replaying policies now. Try again in a moment.');
    waiting++;
    const replayed = async () => {
      const source = await understoodPolicy(text);
      const { source: inForce } = policy();
      const span = since === undefined ? {} : { since: Date.parse(since) };
      return await audit.ask('replay', {
        policy: source,
        inForce,
        tools: toolsBy(toolGuard),
        ...span,
        now: Date.now(),
      });
    };
    const mine = last.then(replayed);
    last = mine.catch(() => undefined).finally(() => waiting--);
    const answer = await mine;
    if (!mayUseUiEverywhere(policy(), scopes, 'view_audit')) return withoutRows(answer);
    auditEvents.read(actorOf(own), { times: 'replay of a policy' });
    return answer;
  };
}

async function understoodPolicy(text: string): Promise<PolicySource> {
  try {
    return await readPolicyText(text);
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    const faults = error.faults.slice(0, mostSentences).map((message) => ({ path: 'text', message }));
    throw new DoorRefusal(400, 'input_invalid', `The text is no policy: ${faults[0]?.message}`, { faults });
  }
}

function withoutRows(answer: ReplayAnswer): ReplayAnswer {
  const { allowed, refused, held, depends } = answer;
  const counts = ({ calls, people }: ReplayAnswer['allowed']) => ({ calls, people, rows: [] });
  return {
    ...answer,
    allowed: counts(allowed),
    refused: counts(refused),
    held: counts(held),
    depends: counts(depends),
  };
}
