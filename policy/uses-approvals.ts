import type { PolicySource } from './policy.ts';

const known = new WeakMap<PolicySource, boolean>();

/** Whether any rule holds calls until they are approved. Remembered for each policy. */
export function usesApprovals(source: PolicySource): boolean {
  const found = known.get(source) ?? [...source.scopes.values()].flat().some(holds);
  known.set(source, found);
  return found;
}

function holds({ toolRules }: { toolRules: readonly { approve?: unknown }[] }): boolean {
  return toolRules.some(({ approve }) => approve !== undefined);
}
