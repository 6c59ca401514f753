/** The result of a check. Only `FAIL` means that something does not work. */
type State = 'ok' | 'warn' | 'FAIL';

/** One line of the doctor's report. */
export interface Finding {
  /** What was checked, in a word or two: `callback`. */
  check: string;
  state: State;
  /** What was seen. Never a token, a code or a secret. */
  seen: string;
  /** What to do about it. */
  todo?: string;
}

/** Nothing is wrong. */
export function ok(check: string, seen: string): Finding {
  return { check, state: 'ok', seen };
}

/** It works, or may work, but the operator should know about it. */
export function warn(check: string, seen: string, todo: string): Finding {
  return { check, state: 'warn', seen, todo };
}

/** It does not work. */
export function fail(check: string, seen: string, todo: string): Finding {
  return { check, state: 'FAIL', seen, todo };
}

/** Makes text of a provider or a token safe to show: printable ASCII on one line, at most 200 characters. */
export function shown(text: unknown): string {
  return String(text)
    .replace(/[^\x20-\x7e]/g, '?')
    .slice(0, 200);
}
