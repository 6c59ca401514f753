import { styleText } from 'node:util';
import { cleanText } from '../../common/text/clean.ts';
import type { Finding } from './finding.ts';

const colours = { ok: 'green', warn: 'yellow', FAIL: 'red' } as const;

/**
 * A finding on one line: the state as a word, what was checked, what was seen, what to do.
 * @param colour whether the terminal shows colour; the word has the same meaning without it
 */
export function lineOf({ check, state, seen, todo }: Finding, colour: boolean): string {
  const word = state.padEnd(4);
  const head = colour ? styleText(colours[state], word, { validateStream: false }) : word;
  return `${head}  ${check.padEnd(11)}  ${cleanText(seen)}${todo === undefined ? '' : ` -> ${cleanText(todo)}`}`;
}

/** The last line: how many of each. */
export function summaryOf(findings: readonly Finding[]): string {
  const count = (state: Finding['state']) => findings.filter((finding) => finding.state === state).length;
  const failures = count('FAIL');
  const verdict =
    failures === 0 ? 'Nothing is broken' : `${failures} ${failures === 1 ? 'thing does' : 'things do'} not work`;
  return `${verdict}: ${count('ok')} ok, ${count('warn')} warn, ${failures} FAIL.`;
}

/** All findings for programs. */
export function jsonText(findings: readonly Finding[]): string {
  return JSON.stringify({ well: findings.every(({ state }) => state !== 'FAIL'), findings }, undefined, 2);
}
