import {
  cannotTellWords,
  type ReplayAnswer,
  type ReplayRow,
  type ReplaySide,
} from '../../../../common/doors/replay.ts';
import { counted, inWords, withCommas } from '../../shared/format.ts';

/** Rows that the page shows of each side. */
const mostRows = 8;
const mostNamed = 3;

interface ReplayFigure {
  label: string;
  tone: 'good' | 'bad' | '';
  count: string;
  note: string;
  rows: readonly ShownRow[];
  more: number;
}

interface ShownRow {
  who: string;
  what: string;
  count: number;
  was: string;
  now: string;
  /** The page of the last record. */
  href: string;
}

/** The replay of a change over what was recorded, as the page shows it. Pure. */
export function replayView(answer: ReplayAnswer) {
  const { from, records, allowed, refused, held, depends, cannotTell, same } = answer;
  const figure = (label: string, side: ReplaySide, tone: ReplayFigure['tone'], note: string): ReplayFigure => {
    const shown = side.rows.slice(0, mostRows);
    const is = side.calls > 0;
    return {
      ...{ label, count: withCommas(side.calls), tone: is ? tone : '', note: is ? `${note}${whose(side)}` : note },
      ...{ rows: shown.map(shownRow), more: side.rows.length - shown.length },
    };
  };
  const optional = (side: ReplaySide, each: ReplayFigure) => (side.calls > 0 ? [each] : []);
  return {
    from: from === null ? undefined : new Date(from),
    isEmpty: records === 0,
    figures: [
      figure('Would allow', allowed, 'good', 'calls that were refused'),
      figure('Would refuse', refused, 'bad', 'calls that were allowed'),
      ...optional(held, figure('Would wait', held, '', 'for a person’s approval')),
      ...optional(depends, figure('Depends', depends, '', 'on arguments, which are not recorded')),
    ],
    same: withCommas(same),
    cannotTell: cannotTell.map(({ reason, count }) => `${counted(count, 'record')}: ${cannotTellWords[reason]}`),
  };
}

export type ReplayView = ReturnType<typeof replayView>;

function whose({ people, rows }: ReplaySide): string {
  const names = [...new Set(rows.map(({ name }) => name))];
  if (people > mostNamed || names.length !== people) return `, of ${withCommas(people)} callers`;
  return people === 1 ? `, all of ${names[0]}` : `, of ${inWords(names)}`;
}

function shownRow({ name, server, method, object, count, was, now, record }: ReplayRow): ShownRow {
  const on = server === '#registry' ? 'the registry' : server;
  const what = `${method === 'tools/call' ? object : `${method} ${object}`.trim()} on ${on}`;
  return { who: name, what, count, was, now, href: `/audit/${encodeURIComponent(record)}` };
}
