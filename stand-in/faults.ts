import type { Control } from './control.ts';

/** A fault and its amount: seconds, or a number of times. */
type ChosenFault = { name: string; amount: number };

interface KnownFault {
  /** Default amount; undefined if the fault has no amount. */
  usual?: number;
  range?: [least: number, most: number];
  apply(control: Control, amount: number): void;
}

const DAY = 86_400;
const KNOWN = new Map<string, KnownFault>([
  ['down', { apply: (control) => control.setFault('down') }],
  ['no-domain', { apply: (control) => control.setFault('no-domain') }],
  ['no-keys', { apply: (control) => control.setFault('no-keys') }],
  ['slow', { usual: 3, range: [1, 60], apply: (control, seconds) => control.slow(seconds) }],
  ['skew', { usual: -600, range: [-DAY, DAY], apply: (control, seconds) => control.skew(seconds) }],
  ['rotate', { usual: 60, range: [1, DAY], apply: (control, seconds) => rotateEvery(control, seconds) }],
  ['refuse', { usual: 1, range: [1, 1000], apply: refuseTokens }],
]);

/**
 * Parses COGNITO_FAULTS: `down`, `slow:5`, `skew:-600`.
 * @returns the faults, and a sentence for each invalid item
 */
export function readFaults(items: readonly string[]): { chosen: ChosenFault[]; problems: string[] } {
  const read = items.map(readFault);
  return {
    chosen: read.filter((fault) => typeof fault !== 'string'),
    problems: read.filter((fault) => typeof fault === 'string'),
  };
}

function readFault(item: string): ChosenFault | string {
  const [name = '', given] = item.split(/:(.*)/s);
  const known = KNOWN.get(name);
  if (!known) return `"${name}" is no fault; there are ${[...KNOWN.keys()].join(', ')}`;
  const { usual, range } = known;
  if (given === undefined) return { name, amount: usual ?? 0 };
  if (!range) return `${name} takes no number`;
  const amount = /^-?\d+$/.test(given) ? Number(given) : Number.NaN;
  if (amount >= range[0] && amount <= range[1]) return { name, amount };
  return `${name} takes a whole number from ${range[0]} to ${range[1]}, as in ${name}:${usual}`;
}

/** Applies faults to a stand-in until its process ends. */
export function applyFaults(control: Control, chosen: readonly ChosenFault[]): void {
  for (const { name, amount } of chosen) KNOWN.get(name)?.apply(control, amount);
}

function refuseTokens(control: Control, times: number): void {
  for (let i = 0; i < times; i++) control.failNext('/oauth2/token');
}

function rotateEvery(control: Control, seconds: number): void {
  // Unreferenced: the timer must not keep the process alive.
  setInterval(() => void Promise.all([control.rotate('id'), control.rotate('access')]), seconds * 1000).unref();
}
