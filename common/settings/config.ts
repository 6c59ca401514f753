import * as z from 'zod';
import { ConfigError } from '../text/config-error.ts';
import { invalidSetting } from './invalid-setting.ts';

/**
 * Reads settings from environment variables.
 * An empty variable counts as unset, because compose files and `.env` templates set empty strings. Surrounding white
 * space is trimmed; quotes around a value and placeholders are faults.
 * @param schema what each variable must look like
 * @param env usually `process.env`
 * @returns the settings, frozen
 * @throws {ConfigError} with all faults, by variable; no fault repeats a value
 */
export function readConfig<T extends z.ZodType<object>>(schema: T, env: NodeJS.ProcessEnv): Readonly<z.output<T>> {
  const trimmed = Object.entries(env).map(([name, value]) => [name, value?.trim() ?? ''] as const);
  const set = Object.fromEntries(trimmed.filter(([, value]) => value));
  const invalid = new Map(
    namesIn(schema).flatMap((name) => {
      const why = invalidSetting(set[name] ?? '');
      return why === undefined ? [] : [[name, why]];
    }),
  );
  const result = schema.safeParse(set, { error: inOurWords });
  const issues = result.error?.issues.filter(({ path }) => !invalid.has(String(path[0]))) ?? [];
  const faults = [
    ...[...invalid].map(([name, why]) => `${name}: ${why}`),
    ...issues.map(({ code, path, message }) => {
      const missing = code === 'invalid_type' && path.length === 1 && !(String(path[0]) in set);
      return `${path.join('.')}: ${missing ? 'is missing; docs/configuration.md describes it' : message}`;
    }),
  ];
  if (!result.success || faults.length > 0) throw new ConfigError(faults);
  return Object.freeze(result.data);
}

/** For the faults that a setting does not describe itself. None repeats a value. */
function inOurWords(issue: z.core.$ZodRawIssue): string | undefined {
  if (issue.code === 'invalid_type' && issue.input === undefined) return undefined;
  if (issue.code === 'invalid_type' && issue.expected === 'int') return 'must be a whole number';
  if (issue.code === 'invalid_type' && issue.expected === 'number') return 'must be a number, without a unit';
  if (issue.code === 'too_small') return `must be ${issue.inclusive ? 'at least' : 'more than'} ${issue.minimum}`;
  if (issue.code === 'too_big') return `must be ${issue.inclusive ? 'at most' : 'less than'} ${issue.maximum}`;
  if (issue.code === 'invalid_value') return `must be one of ${issue.values.join(', ')}`;
  return undefined;
}

function namesIn(schema: z.core.$ZodType): string[] {
  if (schema instanceof z.ZodObject) return Object.keys(schema.shape);
  return schema instanceof z.ZodPipe ? namesIn(schema.in) : [];
}
