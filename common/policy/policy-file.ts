import type { Document } from 'yaml';
import * as z from 'zod';
import { compilePolicy, type Limit, type Policy, type PolicySource, type Rule } from '../../policy/policy.ts';
import { uiPermissions } from '../../policy/ui.ts';
import { readYaml } from '../files/yaml-file.ts';
import { ConfigError } from '../text/config-error.ts';
import { withoutIdleParts } from './idle-parts.ts';
import { limit } from './language/limit.ts';
import { name, patterns } from './language/names.ts';
import { rule } from './language/rule.ts';

const permissions = z.strictObject(Object.fromEntries(uiPermissions.map((each) => [each, patterns.optional()])));
const file = z
  .object({
    group_mappings: z
      .record(name, z.array(name, 'must be a list of scopes'), 'must map groups to lists of scopes')
      .default({}),
    'UI-Scopes': z.record(name, permissions).default({}),
    limits: z.array(limit, 'must be a list of limits').default([]),
  })
  // A place of an idle rule stays empty, so that the others keep their number.
  .catchall(z.array(rule.optional(), 'must be a list of rules'));

/**
 * Reads `scopes.yml`.
 * @param text the file's content: `group_mappings`, `UI-Scopes`, `limits`, and per scope a list of `{server, methods, tools}`
 * @param at as for `compilePolicy`
 * @returns the compiled policy; `source.idle` names the parts of the file that have no effect
 * @throws {ConfigError} with every fault found (line, path, what was expected); an empty file is a fault
 */
export function parsePolicy(text: string, at?: number): Policy {
  return compilePolicy(readPolicySource(text), at);
}

/**
 * Reads `scopes.yml` without compiling it. The result can be passed between threads.
 * @throws {ConfigError} as {@link parsePolicy} does
 */
export function readPolicySource(text: string): PolicySource {
  return readPolicyFile(text).source;
}

/**
 * Reads `scopes.yml` to change it: what it means, its values as they are written, and its YAML.
 * @throws {ConfigError} as {@link parsePolicy} does
 */
export function readPolicyFile(text: string): { source: PolicySource; value: unknown; document: Document.Parsed } {
  const subject = 'The policy file';
  const yaml = readYaml(text, { subject, aliases: true });
  if (yaml.value === null) throw new ConfigError(['the file is empty'], subject);
  const { used, idle } = withoutIdleParts(yaml.value);
  const result = file.safeParse(used);
  if (!result.success) throw new ConfigError(yaml.faults(result.error.issues), subject);
  const source = toSource(result.data);
  const unheld = unheldApprovals(result.data).map((path) => `${yaml.placeOf(path)}: ${noPerson}`);
  if (unheld.length > 0) throw new ConfigError(unheld, subject);
  const parts = idle.map(({ path, message }) => ({ at: yaml.placeOf(path), message }));
  // Another file than a policy, for example.
  if (parts.length > 0 && isEmpty(source))
    throw new ConfigError(
      parts.map(({ at, message }) => `${at} ${message}`),
      subject,
    );
  return { source: { ...source, idle: parts }, value: yaml.value, document: yaml.document };
}

const noPerson = 'has "approve: person", but no group gives this scope: only agents hold it';

/** Where a call would wait for a person who does not exist. */
function unheldApprovals(data: z.output<typeof file>): (string | number)[][] {
  const { group_mappings, 'UI-Scopes': _ui, limits: _limits, ...scopes } = data;
  const given = new Set(Object.values(group_mappings).flat());
  return Object.entries(scopes).flatMap(([scope, rules]) =>
    rules.flatMap((each, index) => {
      const asks = each?.toolRules.some(({ approve }) => approve?.person) ?? false;
      return asks && !given.has(scope) ? [[scope, index]] : [];
    }),
  );
}

function isEmpty({ groups, ui, scopes }: PolicySource): boolean {
  return groups.size + ui.size === 0 && [...scopes.values()].every((rules) => rules.length === 0);
}

function toSource({ group_mappings, 'UI-Scopes': ui, limits, ...scopes }: z.output<typeof file>): PolicySource {
  return {
    groups: new Map(Object.entries(group_mappings)),
    ui: new Map(
      Object.entries(ui).map(([scope, grants]) => [
        scope,
        new Map(Object.entries(grants).filter((entry): entry is [string, string[]] => entry[1] !== undefined)),
      ]),
    ),
    limits: limits.map((each, index): Limit => ({ at: `limits[${index}]`, ...each })),
    scopes: new Map(
      Object.entries(scopes).map(([scope, rules]) => [
        scope,
        rules.flatMap((r, index): Rule[] => (r ? [{ at: `${scope}[${index}]`, ...r }] : [])),
      ]),
    ),
  };
}
