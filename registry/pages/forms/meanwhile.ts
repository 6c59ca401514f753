import type { RegisteredServer, ServerSettings } from '../../servers/server.ts';
import { settingsOf } from '../../servers/server.ts';
import type { ServerChange } from '../../store/change-log.ts';
import { type Field, fields, labels, type Values, valuesOf } from './server-form.ts';

/** A field that somebody else has changed while the form was open. */
export interface Overtaken {
  field: Field;
  label: string;
  /** As it was when the form was opened, and as it is now. */
  before: string;
  now: string;
  /** What was typed instead of both; undefined where the field had not been touched, and now holds what is there. */
  typed: string | undefined;
}

/** What happened while a form was open, and what stands in the form now. */
export interface Meanwhile {
  changes: readonly ServerChange[];
  overtaken: readonly Overtaken[];
  values: Values;
}

/**
 * Brings together what was typed and what others have changed: everything typed stays, and a field that was left as it was
 * takes what is there now, so that saving does not silently take back what somebody else did.
 * @param changes those since the form was opened, the newest first
 */
export function bringTogether(typed: Values, now: RegisteredServer, changes: readonly ServerChange[]): Meanwhile {
  const current = valuesOf(now);
  const before = valuesOf(asItWas(now, changes));
  const values = { ...typed };
  const overtaken: Overtaken[] = [];
  for (const field of fields) {
    if (current[field] === before[field]) continue;
    const untouched = sameText(typed[field], before[field]);
    if (untouched) values[field] = current[field];
    else if (sameText(typed[field], current[field])) continue;
    const mine = untouched ? undefined : typed[field];
    overtaken.push({ field, label: labels[field], before: before[field], now: current[field], typed: mine });
  }
  return { changes, overtaken, values };
}

/** The first change of each field knows what was there before all of them. */
function asItWas(now: RegisteredServer, changes: readonly ServerChange[]): ServerSettings {
  const was: Record<string, unknown> = { ...settingsOf(now) };
  for (const { fields: changed } of changes) for (const [field, { from }] of Object.entries(changed)) was[field] = from;
  return was as unknown as ServerSettings;
}

/** Browsers send line ends as CR LF. */
function sameText(a: string, b: string): boolean {
  return a.replaceAll('\r\n', '\n').trim() === b.trim();
}
