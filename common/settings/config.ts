import * as z from 'zod';
import { ConfigError } from '../text/config-error.ts';
import { spoiltBy } from './spoilt.ts';

/**
 * Reads settings from environment variables.
 * An empty variable counts as unset, because compose files and `.env` templates hand out empty strings. White space
 * around a value is cut off; quotes around it and placeholders are faults.
 * @param schema what each variable must look like
 * @param env usually `process.env`
 * @returns the settings, frozen
 * @throws {ConfigError} with all faults, by variable; the values themselves are never part of the message
 */
export function readConfig<T extends z.ZodType<object>>(schema: T, env: NodeJS.ProcessEnv): Readonly<z.output<T>> {
  const trimmed = Object.entries(env).map(([name, value]) => [name, value?.trim() ?? ''] as const);
  const set = Object.fromEntries(trimmed.filter(([, value]) => value));
  const spoilt = new Map(
    namesIn(schema).flatMap((name) => {
      const why = spoiltBy(set[name] ?? '');
      return why === undefined ? [] : [[name, why]];
    }),
  );
  const result = schema.safeParse(set);
  const issues = result.error?.issues.filter(({ path }) => !spoilt.has(String(path[0]))) ?? [];
  const faults = [
    ...[...spoilt].map(([name, why]) => `${name}: ${why}`),
    ...issues.map(({ code, path, message }) => {
      const missing = code === 'invalid_type' && path.length === 1 && !(String(path[0]) in set);
      return `${path.join('.')}: ${missing ? 'is missing; docs/configuration.md says what it is' : message}`;
    }),
  ];
  if (!result.success || faults.length > 0) throw new ConfigError(faults);
  return Object.freeze(result.data);
}

function namesIn(schema: z.core.$ZodType): string[] {
  if (schema instanceof z.ZodObject) return Object.keys(schema.shape);
  return schema instanceof z.ZodPipe ? namesIn(schema.in) : [];
}

/** A TCP port number, 1 to 65535. */
export const port = z.coerce.number('must be a port number').int().min(1).max(65535);
