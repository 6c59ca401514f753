import type { ServerSettings } from '../../../registry/servers/server.ts';
import { safeText } from '../../lib/print.ts';
import type { Change, Step } from './plan.ts';

const longest = 200;

/** A step in words, one line for each change. Text of servers is cleaned for a terminal. */
export function stepLines(step: Step): string[] {
  if (step.action === 'register') return [`+ ${step.name}: ${newWords(step.settings)}`];
  if (step.action === 'delete') return [`- ${step.name}: no file names it`];
  if (step.action === 'refuse') return [`! ${step.name}: ${step.why}`];
  return [`~ ${step.name}`, ...step.changes.map((change) => `    ${changeWords(change)}`)];
}

/** `title: "A" becomes "B"`; of lists, what comes and what goes. */
export function changeWords({ field, from, to }: Change): string {
  if (isListOfText(from) && isListOfText(to)) {
    const gone = from.filter((each) => !to.includes(each));
    const fresh = to.filter((each) => !from.includes(each));
    const words = [
      ...(fresh.length > 0 ? [`gets ${listed(fresh)}`] : []),
      ...(gone.length > 0 ? [`loses ${listed(gone)}`] : []),
    ];
    return `${field}: ${words.join(', ') || 'other order'}`;
  }
  if (from === null) return `${field}: becomes ${shown(to)}`;
  if (to === null) return `${field}: ${shown(from)} goes`;
  return `${field}: ${shown(from)} becomes ${shown(to)}`;
}

function newWords({ members, upstream }: Pick<ServerSettings, 'members' | 'upstream'>): string {
  return members === null
    ? `a new server at ${upstream}`
    : `a new set of ${listed(members.map(({ server }) => server))}`;
}

function isListOfText(value: unknown): value is string[] {
  return Array.isArray(value) && value.every((each) => typeof each === 'string');
}

const listed = (names: readonly string[]) => cut(safeText(names.join(', ')));

function shown(value: unknown): string {
  return cut(safeText(JSON.stringify(value)));
}

function cut(text: string): string {
  return text.length > longest ? `${text.slice(0, longest)}…` : text;
}
