/** How a check came out. Only `FAIL` means that something does not work. */
export type State = 'ok' | 'warn' | 'FAIL';

/** One line of the doctor's report. */
export interface Finding {
  /** What was looked at, in a word or two: `callback`. */
  check: string;
  state: State;
  /** What was seen. Never a token, a code or a secret. */
  seen: string;
  /** What to do about it. */
  todo?: string;
}

/** All is well. */
export function ok(check: string, seen: string): Finding {
  return { check, state: 'ok', seen };
}

/** It works, or may work, and somebody should know. */
export function warn(check: string, seen: string, todo: string): Finding {
  return { check, state: 'warn', seen, todo };
}

/** It does not work. */
export function fail(check: string, seen: string, todo: string): Finding {
  return { check, state: 'FAIL', seen, todo };
}

/** Text of a provider or a token, fit to be shown: printable ASCII on one line, cut after 200 characters. */
export function shown(text: unknown): string {
  return String(text)
    .replace(/[^\x20-\x7e]/g, '?')
    .slice(0, 200);
}
