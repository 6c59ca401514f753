import { groupsAnswer, mostGroups } from '../../common/doors/people.ts';
import { createAsk } from './ask-auth-server.ts';

/** How many people of some groups the gateway has seen in 30 days. Throws {@link RegistryError}. */
export interface SeenDoor {
  /**
   * @param assertion of a person with `edit_policy` or `view_people` for all
   * @param groups the first 200 are counted
   * @returns how many people of each group were seen. A group that is left out was not counted
   */
  seenIn(assertion: string, groups: readonly string[]): Promise<ReadonlyMap<string, number>>;
}

/**
 * Makes the client of the auth-server's `GET /people/groups`.
 * @param authServerUrl origin of the auth-server
 */
export function createSeenDoor(authServerUrl: string): SeenDoor {
  const ask = createAsk(authServerUrl);
  return {
    async seenIn(assertion, groups) {
      const asked = [...new Set(groups)].slice(0, mostGroups);
      if (asked.length === 0) return new Map();
      const path = `/people/groups?${new URLSearchParams(asked.map((group) => ['group', group]))}`;
      const found = await ask({ path, assertion, answer: groupsAnswer });
      return new Map(found.groups.map(({ group, people }) => [group, people]));
    },
  };
}
