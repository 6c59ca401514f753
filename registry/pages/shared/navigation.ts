import type { Policy } from '../../../policy/policy.ts';
import { mayUseUiSomewhere } from '../../../policy/ui.ts';
import type { Person } from '../../access/guards.ts';

export type Navigation = ReturnType<typeof createNavigation>;

/** Makes the navigation of each page: the entries for a person, without pages that would not open for them. */
export function createNavigation(policy: () => Policy) {
  return ({ scopes }: Person, path: string) => {
    const may = (permission: 'register_service' | 'view_audit') => mayUseUiSomewhere(policy(), scopes, permission);
    const items = [
      { href: '/', label: 'Servers', below: /^\/servers\/(?!register$)/ },
      ...(may('register_service') ? [{ href: '/register', label: 'Register', below: /^\/servers\/register$/ }] : []),
      { href: '/rights', label: 'My rights', below: /^\/rights\// },
      ...(may('view_audit') ? [{ href: '/audit', label: 'Audit', below: /^\/audit\// }] : []),
    ];
    return items.map(({ href, label, below }) => {
      // `aria-current`: `page` on the page itself, `true` on a page below it.
      const current = path === href ? 'page' : below.test(path) ? 'true' : undefined;
      return { href, label, current };
    });
  };
}
