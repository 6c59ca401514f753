import type { Principal } from './principal.ts';

/**
 * Caches a function of a principal. All requests with one credential share the same principal object until the policy or
 * the session's record changes.
 */
export function perPrincipal<T extends string | number | object>(
  create: (principal: Principal) => T,
): (principal: Principal) => T {
  const kept = new WeakMap<Principal, T>();
  return (principal) => {
    const known = kept.get(principal);
    if (known !== undefined) return known;
    const made = create(principal);
    kept.set(principal, made);
    return made;
  };
}
