import type { Checks } from './suite.ts';

/** A check whose status is another one through the gateway. */
export interface Difference {
  check: string;
  from: string;
  to: string;
  /** What the suite says about the worse one. */
  why: string;
  /** Whether the gateway has lost it: it passes without the gateway only. */
  isLost: boolean;
}

/** Every check that differs. A check that only one of the two runs has made counts as `missing` in the other. */
export function compare(direct: Checks, through: Checks): Difference[] {
  return [...new Set([...direct.keys(), ...through.keys()])].flatMap((check) => {
    const [one, other] = [direct.get(check), through.get(check)];
    if (one?.status === other?.status) return [];
    return {
      check,
      from: one?.status ?? 'missing',
      to: other?.status ?? 'missing',
      why: other?.why || one?.why || '',
      isLost: one?.status === 'SUCCESS',
    };
  });
}

/** How many checks have passed and failed. Those of which the suite only gives notice count as neither. */
export function count(checks: Checks): { passed: number; failed: number } {
  const having = (status: string) => [...checks.values()].filter((check) => check.status === status).length;
  return { passed: having('SUCCESS'), failed: having('FAILURE') };
}
