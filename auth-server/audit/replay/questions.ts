import { setImmediate as nextTurn } from 'node:timers/promises';
import type { ReplayAnswer } from '../../../common/doors/replay.ts';
import type { KnownTools } from '../../../policy/known-tools.ts';
import { compilePolicy, type PolicySource } from '../../../policy/policy.ts';
import type { AuditDatabase } from '../store/database.ts';
import { isIn } from '../store/sql.ts';
import { createWays, remembered } from './alternatives.ts';
import { createTally } from './answer.ts';
import { readCallers } from './callers.ts';
import { type Comparing, compare, hubsIn } from './compare.ts';
import { readGroups } from './groups.ts';
import { judge, judgedBy } from './judge.ts';

/** What is to be replayed. All of it can be sent between threads. */
export interface ReplayInput {
  policy: PolicySource;
  inForce: PolicySource;
  /** What the registry says about tools now. */
  tools: KnownTools;
  /** The oldest time of a record, in milliseconds since 1970; all if undefined. */
  since?: number;
  /** Milliseconds since 1970. */
  now: number;
}

export type ReplayQuestions = ReturnType<typeof createReplayQuestions>;

/** Groups that are judged while other work of the thread waits: some milliseconds. */
const groupsAtOnce = 500;
/** Older records stay unread after this time: the answer names the span that it covers. */
const longestMilliseconds = 12_000;

/** The question what another policy would have answered to the recorded requests. */
export function createReplayQuestions(database: AuditDatabase) {
  return {
    async replay({ policy: source, inForce, tools, since, now }: ReplayInput): Promise<ReplayAnswer> {
      const started = performance.now();
      const taken = () => performance.now() - started;
      const isLate = () => taken() > longestMilliseconds;
      const read = await readGroups(database, { since: since ?? Number.NEGATIVE_INFINITY, now, isLate });
      const { groups } = read;
      const sideOf = (of: PolicySource) => {
        const policy = compilePolicy(of, now);
        return { policy, ways: createWays(policy, tools) };
      };
      const comparing: Comparing = {
        policy: sideOf(source),
        inForce: sideOf(inForce),
        judge: remembered(judgedBy, judge),
        tools,
        callers: await readCallers(database, groups),
        hubs: hubsIn(groups),
      };
      const tally = createTally();
      tally.cannotTell('too_many', read.left);
      for (const [index, request] of groups.entries()) {
        if (index % groupsAtOnce === 0) await nextTurn();
        tally.add(request, compare(comparing, request));
      }
      const names = await namesOf(database, tally.people());
      return tally.answer(read, { now, milliseconds: Math.round(taken()), names });
    },
  };
}

/** What records call people. An agent has no name: it is called by its id. */
async function namesOf(
  { kind, main }: AuditDatabase,
  subjects: readonly string[],
): Promise<ReadonlyMap<string, string>> {
  if (subjects.length === 0) return new Map();
  const rows = main.selectFrom('audit_name').select(['value', 'label']).where('kind', '=', 'person');
  const found = await rows.where(isIn(kind, 'value', subjects)).execute();
  return new Map(found.map(({ value, label }) => [value, label]));
}
