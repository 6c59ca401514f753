import { LineCounter, parseDocument } from 'yaml';
import * as z from 'zod';
import { isPattern } from './patterns.ts';
import { compilePolicy, type Policy, type PolicySource, type Rule } from './policy.ts';

/** All faults of a policy file, each with its line and path. */
export class PolicyError extends Error {
  readonly faults: readonly string[];
  constructor(faults: readonly string[]) {
    super(`The policy file cannot be used:\n${faults.map((f) => `  - ${f}`).join('\n')}`);
    this.faults = faults;
  }
}

const name = z.string('must be a name in quotes or plain text').min(1, 'must not be empty');
const pattern = name.refine(isPattern, 'may have one * and only at its end, such as get_*');
const patterns = z.union([pattern.transform((p) => [p]), z.array(pattern)], 'must be a list of names');
const rule = z.strictObject({
  server: pattern,
  methods: patterns,
  tools: patterns.default([]),
  prompts: patterns.default([]),
  resources: patterns.default([]),
});
const permissions = z.strictObject({
  list_service: patterns.optional(),
  register_service: patterns.optional(),
  health_check_service: patterns.optional(),
  toggle_service: patterns.optional(),
  modify_service: patterns.optional(),
  view_audit: patterns.optional(),
});
const file = z
  .object({
    group_mappings: z.record(name, z.array(name, 'must be a list of scopes'), 'must map groups to lists of scopes'),
    'UI-Scopes': z.record(name, permissions).default({}),
  })
  .catchall(z.array(rule, 'must be a list of rules'));

/**
 * Reads `scopes.yml`.
 * @param text the file's content: `group_mappings`, `UI-Scopes`, and per scope a list of `{server, methods, tools}`
 * @returns the compiled policy
 * @throws {PolicyError} with every fault found (line, path, what was expected); an empty file is a fault
 */
export function parsePolicy(text: string): Policy {
  return compilePolicy(readPolicySource(text));
}

/**
 * Reads `scopes.yml` without compiling it. The result can be passed between threads.
 * @throws {PolicyError} as {@link parsePolicy}
 */
export function readPolicySource(text: string): PolicySource {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, uniqueKeys: true, strict: true });
  const broken = [...document.errors, ...document.warnings];
  if (broken.length > 0) throw new PolicyError(broken.map((e) => e.message.split('\n')[0] ?? e.message));
  if (document.contents === null) throw new PolicyError(['the file is empty']);

  const result = file.safeParse(toPlain(document));
  if (!result.success) {
    throw new PolicyError(
      result.error.issues.map(({ path, message }) => {
        const node = document.getIn(path, true) ?? document.getIn(path.slice(0, -1));
        const offset = (node as { range: [number, number, number] } | undefined)?.range[0];
        const line = offset === undefined ? '' : `line ${lines.linePos(offset).line}: `;
        return `${line}${showPath(path)}: ${message}`;
      }),
    );
  }
  return toSource(result.data);
}

/** Refuses aliases: a policy says in one place what it grants, and an alias bomb must not be expanded. */
function toPlain(document: ReturnType<typeof parseDocument>): unknown {
  try {
    return document.toJS({ maxAliasCount: 0 });
  } catch {
    throw new PolicyError(['aliases (*name) are not allowed: write the list out']);
  }
}

function toSource({ group_mappings, 'UI-Scopes': ui, ...scopes }: z.output<typeof file>): PolicySource {
  return {
    groups: new Map(Object.entries(group_mappings)),
    ui: new Map(
      Object.entries(ui).map(([scope, grants]) => [
        scope,
        new Map(Object.entries(grants).filter((entry): entry is [string, string[]] => entry[1] !== undefined)),
      ]),
    ),
    scopes: new Map(
      Object.entries(scopes).map(([scope, rules]) => [
        scope,
        rules.map((r, index): Rule => ({ at: `${scope}[${index}]`, ...r })),
      ]),
    ),
  };
}

function showPath(path: readonly PropertyKey[]): string {
  return path.map((p, i) => (typeof p === 'number' ? `[${p}]` : `${i > 0 ? '.' : ''}${String(p)}`)).join('');
}
