/** One line of the doctor's report. */
export interface Finding {
  /** What was checked, in a word or two: `callback`. */
  check: string;
  /** Only `FAIL` means that something does not work. */
  state: 'ok' | 'warn' | 'FAIL';
  /** What was seen. Never a token, a code or a secret. */
  seen: string;
  /** What to do about it. */
  todo?: string;
}

/** Nothing is wrong. */
export const ok = (check: string, seen: string): Finding => ({ check, state: 'ok', seen });

/** It works, or may work, but the operator should know about it. */
export const warn = (check: string, seen: string, todo: string): Finding => ({ check, state: 'warn', seen, todo });

/** It does not work. */
export const fail = (check: string, seen: string, todo: string): Finding => ({ check, state: 'FAIL', seen, todo });

/** Makes text of a provider or a token safe to show: printable ASCII on one line, at most 200 characters. */
export function shown(text: unknown): string {
  return String(text)
    .replace(/[^\x20-\x7e]/g, '?')
    .slice(0, 200);
}
