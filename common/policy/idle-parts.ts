import { uiPermissions } from '../../policy/ui.ts';

type Path = readonly PropertyKey[];

/** A part of the file that has no effect here. */
interface IdlePart {
  path: Path;
  message: string;
}

/** What the original's rules may be about instead of a server. A rule with neither is one with a misspelt key. */
const otherSubjects = ['agents', 'virtual_server'];
/** Keys of a rule that can be skipped without granting more. Any other unknown key might narrow the rule. */
const skippedRuleKeys = new Set(['agents', 'description']);
const known: ReadonlySet<string> = new Set(uiPermissions);

/**
 * Takes out of a policy what means nothing here and grants nothing when it is skipped: other permissions, other sections, and
 * rules about other things than servers. Newer files of the Python original have such parts. What might narrow a grant stays,
 * and is a fault of the file.
 * @param value what the YAML file holds
 * @returns the rest, in which an idle rule is undefined, and the parts that were taken out
 */
export function withoutIdleParts(value: unknown): { used: unknown; idle: readonly IdlePart[] } {
  const idle: IdlePart[] = [];
  if (!isMap(value)) return { used: value, idle };
  const skip = (path: Path, message: string): void => void idle.push({ path, message });
  const used = entriesOf(value, (section, content) => {
    const path = [section];
    if (content === null) return skip(path, 'is empty, so it has no effect');
    if (section === 'group_mappings') return withoutEmpty(content, path, skip);
    if (section === 'UI-Scopes') return usedPermissions(content, path, skip);
    if (section === 'limits') return content;
    if (Array.isArray(content)) return content.map((rule, index) => usedRule(rule, [section, index], skip));
    return skip(path, 'is no list of rules: the gateway does not know this section, and it has no effect');
  });
  return { used, idle };
}

type Skip = (path: Path, message: string) => void;

function withoutEmpty(content: unknown, path: Path, skip: Skip): unknown {
  if (!isMap(content)) return content;
  return entriesOf(content, (key, item) => item ?? skip([...path, key], 'is empty, so it has no effect'));
}

function usedPermissions(content: unknown, path: Path, skip: Skip): unknown {
  const scopes = withoutEmpty(content, path, skip);
  if (!isMap(scopes)) return scopes;
  return entriesOf(scopes, (scope, grants) => {
    if (!isMap(grants)) return grants;
    return entriesOf(grants, (permission, names) => {
      const at = [...path, scope, permission];
      if (!known.has(permission)) return skip(at, 'is a permission that the gateway does not have: it has no effect');
      return names ?? skip(at, 'is empty, so it has no effect');
    });
  });
}

function usedRule(rule: unknown, path: Path, skip: Skip): unknown {
  if (!isMap(rule)) return skip(path, 'is no rule: it has no effect');
  const keys = Object.keys(rule);
  if (!('server' in rule) && (keys.length === 0 || otherSubjects.some((key) => key in rule))) {
    const about = keys.length > 0 ? ` (${keys.join(', ')})` : '';
    return skip(path, `names no server${about}: the gateway has no such rules, and it has no effect`);
  }
  return entriesOf(rule, (key, content) => {
    if (!skippedRuleKeys.has(key)) return content;
    return skip([...path, key], 'means nothing to the gateway: it has no effect');
  });
}

/** A copy of a map with what `use` returns for each entry; without those for which it returns undefined. */
function entriesOf(map: Record<string, unknown>, use: (key: string, value: unknown) => unknown): unknown {
  return Object.fromEntries(
    Object.entries(map)
      .map(([key, value]) => [key, use(key, value)] as const)
      .filter(([, value]) => value !== undefined),
  );
}

function isMap(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
