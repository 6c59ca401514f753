import type { Policy } from '../../../policy/policy.ts';
import { mayUseUiSomewhere } from '../../../policy/ui.ts';
import { usesApprovals } from '../../../policy/uses-approvals.ts';
import { mayEditPolicy, mayViewAccess } from '../../access/edit-policy.ts';
import type { Person } from '../../access/guards.ts';
import { mayViewPeople } from '../../access/view-people.ts';
import type { WaitingApprovals } from '../../doors/approvals.ts';

export type Navigation = ReturnType<typeof createNavigation>;

/**
 * Makes the navigation of each page: the entries for a person, without pages that would not open for them.
 * @param toReview how many servers have tools that wait for this person's approval, which the place of servers then shows
 * @param approvals how many calls wait for this person's approval, which the place of approvals shows, where any rule asks for some
 * @param openRequests how many requests for access wait, which the place of access shows to those who may answer them
 */
export function createNavigation(
  policy: () => Policy,
  toReview: (person: Person) => number = () => 0,
  openRequests: () => number = () => 0,
  approvals: WaitingApprovals = { of: () => 0 },
) {
  return (person: Person, path: string, assertion?: string) => {
    const { scopes } = person;
    const mayAudit = mayUseUiSomewhere(policy(), scopes, 'view_audit');
    const items = [
      { href: '/', label: 'Servers', icon: 'servers', below: /^\/(servers\/|register$)/ },
      // Those who see the access of all find their own rights in their menu.
      mayViewAccess(policy(), person)
        ? { href: '/access', label: 'Access', icon: 'access', below: /^\/(access\/|requests(\/|$))/ }
        : { href: '/rights', label: 'My rights', icon: 'access', below: /^\/rights\// },
      ...(mayAudit
        ? [
            { href: '/audit', label: 'Audit', icon: 'audit', below: /^\/audit\// },
            { href: '/usage', label: 'Usage', icon: 'usage', below: /^\/usage\// },
          ]
        : []),
      ...(mayViewPeople(policy(), person)
        ? [{ href: '/people', label: 'People', icon: 'people', below: /^\/people\// }]
        : []),
      ...(person.authMethod === 'session_cookie' && usesApprovals(policy().source)
        ? [{ href: '/approvals', label: 'Approvals', icon: 'hand', below: /^\/approvals\// }]
        : []),
    ];
    const atAccess = items.some(({ href }) => href === '/access') ? '/access' : '/rights';
    const requests = mayEditPolicy(policy(), person) ? openRequests() : 0;
    return items.map(({ href, label, icon, below }) => {
      // `aria-current`: `page` on the page itself, `true` on a page below it.
      const current = path === href ? 'page' : below.test(path) ? 'true' : undefined;
      const waits = {
        toReview: href === '/' ? toReview(person) : undefined,
        requests: href === atAccess ? requests : 0,
        approvals: href === '/approvals' && assertion !== undefined ? approvals.of(person, assertion) : 0,
      };
      return { href, label, icon, current, ...waits };
    });
  };
}
