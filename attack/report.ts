import { forShow } from './redact.ts';
import type { Outcome, Outcomes } from './run.ts';

/** Counts the outcomes, and tells whether the gateway held. A run without attacks or without controls fails too. */
export function summarize({ attacks, controls }: Outcomes) {
  const ran = (list: readonly Outcome[]) => list.filter(({ verdict }) => verdict !== 'skipped');
  const through = attacks.filter(({ verdict }) => verdict === 'through').length;
  const refused = controls.filter(({ verdict }) => verdict === 'refused').length;
  const counts = { attacks: ran(attacks).length, through, controls: ran(controls).length, refused };
  const skipped = attacks.length + controls.length - counts.attacks - counts.controls;
  return { ...counts, skipped, held: through + refused === 0 && counts.attacks > 0 && counts.controls > 0 };
}

/** One line per theme, the failed cases (with `verbose` every case), and the result in the last two lines. */
export function asText(outcomes: Outcomes, verbose: boolean): string {
  const { attacks, through, controls, refused, skipped } = summarize(outcomes);
  const themes = Map.groupBy([...outcomes.attacks, ...outcomes.controls], ({ theme }) => theme);
  const lines = [...themes].flatMap(([theme, list]) => [
    themeLine(theme, list),
    ...list.filter((outcome) => verbose || isBad(outcome)).flatMap(caseLines),
  ]);
  if (skipped > 0) lines.push('', `${skipped} skipped: ${reasons(outcomes)}`);
  return [...lines, '', `${attacks} attacks, ${through} got through`, `${controls} controls, ${refused} refused`].join(
    '\n',
  );
}

/** The same as JSON. */
export function asJson(outcomes: Outcomes): string {
  const shown = (list: readonly Outcome[]) =>
    list.map(({ answers, ...outcome }) => ({
      ...outcome,
      answers: answers.map(({ sent, status, body }) => ({ sent, status, body: forShow(body) })),
    }));
  const { attacks, controls } = outcomes;
  return JSON.stringify({ summary: summarize(outcomes), attacks: shown(attacks), controls: shown(controls) }, null, 2);
}

/** Whether an outcome is a failure: an attack that got through, or a control that was refused. */
function isBad({ source, verdict }: Outcome): boolean {
  return verdict === (source === 'control' ? 'refused' : 'through');
}

function themeLine(theme: string, list: readonly Outcome[]): string {
  const bad = list.filter(isBad).length;
  const sent = list.filter(({ verdict }) => verdict !== 'skipped').length;
  const isControl = list[0]?.source === 'control';
  const what = isControl ? `${sent - bad} of ${sent} allowed` : `${sent - bad} of ${sent} refused`;
  return `${bad > 0 ? 'FAIL' : 'ok  '}  ${theme}: ${what}`;
}

/** A case with its answers, as lines of the report. */
export function caseLines({ verdict, source, name, why, answers }: Outcome): string[] {
  const head = `      ${verdict.padEnd(8)} [${source}] ${name}${why ? ` (${why})` : ''}`;
  const shown = answers
    .slice(0, 4)
    .flatMap(({ sent, status, body }) => [
      `               > ${sent}`,
      `               < ${status > 0 ? status : 'no answer'} ${forShow(body)}`,
    ]);
  return [head, ...shown];
}

function reasons({ attacks, controls }: Outcomes): string {
  const skipped = [...attacks, ...controls].filter(({ verdict }) => verdict === 'skipped');
  const byReason = [...Map.groupBy(skipped, ({ why = '' }) => why)];
  return byReason.map(([why, { length }]) => `${length} with ${why}`).join('; ');
}
