import type { RegisteredServer, ServerSettings } from '../../servers/server.ts';
import { settingsOf } from '../../servers/server.ts';
import type { ServerChange } from '../../store/change-log.ts';
import { type Field, fields, labels, type Values, valuesOf } from './server-form.ts';

/** A field that another person changed while the form was open. */
interface Overtaken {
  field: Field;
  label: string;
  /** Its values when the form was opened, and now. */
  before: string;
  now: string;
  /** What was typed instead; undefined if the field was untouched, and now holds the current value. */
  typed: string | undefined;
}

/** What happened while a form was open, and the merged input. */
export interface Meanwhile {
  changes: readonly ServerChange[];
  overtaken: readonly Overtaken[];
  values: Values;
}

/**
 * Merges the input with the changes of others. Typed fields stay; an untouched field takes its current value, so that
 * saving does not silently undo another person's change.
 * @param changes since the form was opened, newest first
 */
export function merge(typed: Values, now: RegisteredServer, changes: readonly ServerChange[]): Meanwhile {
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

/** The settings before these changes: the oldest change of a field has its first value. */
function asItWas(now: RegisteredServer, changes: readonly ServerChange[]): ServerSettings {
  const was: Record<string, unknown> = { ...settingsOf(now) };
  for (const { fields: changed } of changes) for (const [field, { from }] of Object.entries(changed)) was[field] = from;
  return was as unknown as ServerSettings;
}

/** Browsers send line ends as CR LF. */
function sameText(a: string, b: string): boolean {
  return a.replaceAll('\r\n', '\n').trim() === b.trim();
}
