import type { Policy } from '../../../policy/policy.ts';
import { mayUseUi } from '../../../policy/ui.ts';
import type { Person } from '../../access/guards.ts';
import type { ApprovedDefinitions } from '../../pins/approved-definitions.ts';
import type { ServerStore } from '../../store/servers.ts';
import { rightsOn } from './rights-on.ts';

interface ToReviewParts {
  policy: () => Policy;
  store: Pick<ServerStore, 'get'>;
  definitions: Pick<ApprovedDefinitions, 'hashes'>;
}

/**
 * Makes the count of servers that have tools waiting for approval, for a person who may approve them. Each page asks, so it reads
 * what is in memory only, and asks the policy about servers with such tools only.
 */
export function createToReview({ policy, store, definitions }: ToReviewParts) {
  return (person: Person): number => {
    let count = 0;
    for (const [name, { pending }] of definitions.hashes()) {
      if (pending.size === 0) continue;
      const server = store.get(name);
      if (!server?.enabled || !mayUseUi(policy(), person.scopes, 'list_service', name)) continue;
      if (rightsOn(policy(), person, server).approve) count += 1;
    }
    return count;
  };
}
