import type { Principal } from './principal.ts';

/**
 * What follows from a principal alone, worked out once for each: all requests with one credential have the very same
 * object, until the policy or the session's record is another.
 */
export function perPrincipal<T extends string | number | object>(
  workOut: (principal: Principal) => T,
): (principal: Principal) => T {
  const kept = new WeakMap<Principal, T>();
  return (principal) => {
    const known = kept.get(principal);
    if (known !== undefined) return known;
    const made = workOut(principal);
    kept.set(principal, made);
    return made;
  };
}
