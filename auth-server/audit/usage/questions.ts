import type { DecisionSums, Suggestions, SuggestionsQuery } from '../../../common/doors/decisions.ts';
import type { AuditDatabase } from '../store/database.ts';
import type { Visible } from '../visible.ts';
import { createSumCache } from './answers/cache.ts';
import { decisionSums, type SumsInput } from './answers/decision-sums.ts';
import { suggest } from './answers/suggest.ts';
import { createUsage } from './answers/usage.ts';

export type UsageQuestions = ReturnType<typeof createUsageQuestions>;

/** Questions about sums. Each answer holds every record that was written before the question. */
export function createUsageQuestions(database: AuditDatabase) {
  const cached = createSumCache();
  return {
    usage: createUsage(database, cached),
    sums: (input: SumsInput): Promise<DecisionSums> => decisionSums(database, cached, input),
    suggest: ({
      query,
      visible,
      now,
    }: {
      query: SuggestionsQuery;
      visible: Visible;
      now: number;
    }): Promise<Suggestions> => suggest(database.main, query, visible, now),
  };
}
