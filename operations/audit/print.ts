import type { JWK } from 'jose';
import type { Fault } from '../../auth-server/audit/chain/verify/fault.ts';
import type { Verification } from '../../auth-server/audit/chain/verify/verify.ts';
import { cleanText } from '../../common/text/clean.ts';

/** Host and process id of each writer, by its name. */
export type Processes = ReadonlyMap<string, string>;

/** Rows of a table for people; the JSON has all. */
const mostShown = 50;

const time = (at: number | undefined) => (at === undefined ? undefined : new Date(at).toISOString());
const shortTime = (at: number | undefined) =>
  at === undefined ? '' : (time(at) as string).slice(0, 19).replace('T', ' ');
const count = (number: number, one: string, many = `${one}s`) =>
  `${number.toLocaleString('en')} ${number === 1 ? one : many}`;

/** The result for programs. Times in ISO 8601, UTC. */
export function asJson(result: Verification, processes: Processes, keys: readonly JWK[]): string {
  const { faults, faultCount, signedAt, writers, ...sums } = result;
  const all = {
    whole: faultCount === 0,
    ...sums,
    signed_at: time(signedAt) ?? null,
    fault_count: faultCount,
    faults: faults.map(({ at, ...fault }) => ({ ...fault, ...(at !== undefined && { at: time(at) }) })),
    writers: writers.map(({ name, at, ...writer }) => ({
      writer: name,
      process: processes.get(name) ?? null,
      ...writer,
      at: time(at) ?? null,
    })),
    keys,
  };
  return JSON.stringify(all, null, 2);
}

/** The result for people. */
export function asText(result: Verification, processes: Processes): string {
  const { faultCount, faults } = result;
  const verdict = faultCount === 0 ? 'The audit is whole.' : `The audit is not whole: ${count(faultCount, 'fault')}.`;
  const more = faultCount > mostShown ? [`and ${count(faultCount - mostShown, 'fault')} more; --json shows them`] : [];
  const parts = [
    verdict,
    ...(faultCount === 0 ? [] : [[faultTable(faults.slice(0, mostShown), processes), ...more].join('\n')]),
    sumsInWords(result, processes),
  ];
  return cleanText(parts.join('\n\n'), { keep: '\n' });
}

function faultTable(faults: readonly Fault[], processes: Processes): string {
  const rows = faults.map(({ code, text, writer, from, to, at }) => [
    code,
    writer === undefined ? '' : (processes.get(writer) ?? writer.slice(0, 8)),
    from === undefined ? '' : to === undefined || to === from ? `${from}` : `${from}-${to}`,
    shortTime(at),
    text,
  ]);
  return table([['FAULT', 'PROCESS', 'RECORD', 'TIME (UTC)', 'WHAT'], ...rows]);
}

function sumsInWords(result: Verification, processes: Processes): string {
  const { records, writers, statements, signedAt, unsigned, kept, days, dropped, erased } = result;
  const open = writers.filter(({ finished }) => !finished);
  const shown = open.slice(0, mostShown).map(({ name, last, at }) => {
    const who = processes.get(name) ?? name.slice(0, 8);
    return ['', `${who} at ${last}${at === undefined ? '' : `, ${shortTime(at)}`}`];
  });
  const rows = [
    ['records', `${count(records, 'record')} of ${count(writers.length, 'process', 'processes')}`],
    [
      'signed',
      signedAt === undefined ? 'nothing yet' : `${count(statements, 'statement')}, the last at ${shortTime(signedAt)}`,
    ],
    ['not yet signed', count(unsigned, 'record')],
    ...(kept === undefined ? [] : [['kept elsewhere', count(kept, 'statement')]]),
    ...(days > 0 ? [['dropped', `${count(dropped, 'record')} of ${count(days, 'day')}`]] : []),
    ...(erased > 0 ? [['erased', count(erased, 'record')]] : []),
    ['unfinished', `${count(open.length, 'process', 'processes')}: running, or ended without a farewell`],
    ...shown,
  ];
  return table(rows);
}

function table(rows: readonly (readonly string[])[]): string {
  const widths = rows[0]?.map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0))) ?? [];
  return rows
    .map((row) =>
      row
        .map((cell, column) => cell.padEnd(widths[column] ?? 0))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}
