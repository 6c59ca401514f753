import type { Policy } from '../../../policy/policy.ts';
import { mayUseUiSomewhere } from '../../../policy/ui.ts';
import type { Person } from '../../access/guards.ts';

/** One entry of the navigation on every page. */
interface NavigationItem {
  href: string;
  label: string;
  /** `aria-current`: `page` on the page itself, `true` on a page below it. */
  current: 'page' | 'true' | undefined;
}

/** The entries for one person on the page at `path`. Pages that would not open for them are left out. */
export type Navigation = (person: Person, path: string) => readonly NavigationItem[];

/** Makes the navigation from the policy. */
export function createNavigation(policy: () => Policy): Navigation {
  return ({ scopes }, path) => {
    const may = (permission: 'register_service' | 'view_audit') => mayUseUiSomewhere(policy(), scopes, permission);
    const items = [
      { href: '/', label: 'Servers', below: /^\/servers\/(?!register$)/ },
      ...(may('register_service') ? [{ href: '/register', label: 'Register', below: /^\/servers\/register$/ }] : []),
      { href: '/rights', label: 'My rights', below: /^\/rights\// },
      ...(may('view_audit') ? [{ href: '/audit', label: 'Audit', below: /^\/audit\// }] : []),
    ];
    return items.map(({ href, label, below }) => {
      const current = path === href ? 'page' : below.test(path) ? 'true' : undefined;
      return { href, label, current };
    });
  };
}
