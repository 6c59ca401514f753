import type { Rule } from '../policy.ts';
import type { ObjectKind } from '../request/methods.ts';
import { readsResource, shapeOf } from './rule-shape.ts';

/** A sample name that represents all names which the policy treats alike. */
export interface Sample {
  name: string;
  /** Label: the name, a glob (`get_*`), or undefined for "any other". */
  label: string | undefined;
}

/** All classes of names that the rules can tell apart, with one sample for each. */
export interface Universe {
  servers: readonly Sample[];
  objects: Record<ObjectKind, readonly Sample[]>;
}

/**
 * Returns samples that suffice to compare what `rules` grant: every name in them, one name for each glob that no longer
 * glob and no name matches, and one that only `*` matches. Pure.
 * @param servers further names and globs of servers, such as those in `UI-Scopes`
 */
export function universeOf(rules: readonly Rule[], servers: readonly string[] = []): Universe {
  const shapes = rules.map(shapeOf);
  const samples = (kind: ObjectKind) => {
    const names = shapes.flatMap((shape) => shape.objects[kind]);
    const conditional = kind === 'tool' ? shapes.flatMap((shape) => shape.toolRules.map(({ pattern }) => pattern)) : [];
    return samplesOf([...names, ...conditional], kind);
  };
  return {
    servers: samplesOf([...shapes.map((shape) => shape.server), ...servers]),
    objects: { tool: samples('tool'), prompt: samples('prompt'), resource: samples('resource') },
  };
}

function samplesOf(patterns: readonly string[], kind?: ObjectKind): Sample[] {
  const all = new Set([...patterns, '*']);
  return [...all].map((pattern) => {
    if (!pattern.endsWith('*')) return { name: pattern, label: pattern };
    return { name: nameUnder(pattern, all, kind), label: pattern === '*' ? undefined : pattern };
  });
}

/** Returns a name that the glob matches and that no written name and no longer glob matches. */
function nameUnder(glob: string, all: ReadonlySet<string>, kind: ObjectKind | undefined): string {
  const prefix = glob.slice(0, -1);
  const closer = [...all].filter((pattern) => pattern !== glob && pattern.startsWith(prefix));
  const taken = (name: string) =>
    closer.some((pattern) => (pattern.endsWith('*') ? name.startsWith(pattern.slice(0, -1)) : name === pattern));
  for (let i = 0; ; i++) {
    const letter = firstLetters[i];
    // Each glob excludes at most one letter, and there are more letters than globs, so this loop ends.
    const c = letter ?? String.fromCodePoint(0x4e00 + i);
    // Suffixes that every reader places under most prefixes, including `http` and `http://host`.
    const endings = kind === 'resource' ? [c, `${c}/`, `/${c}`, `${c}:x`, `://${c}/`] : [c];
    const free = endings.map((ending) => prefix + ending).filter((name) => !taken(name));
    const fit = free.find((name) => kind !== 'resource' || readsResource(glob, name)) ?? (letter ? undefined : free[0]);
    if (fit !== undefined) return fit;
  }
}

const firstLetters = 'xyzabcdefghijklmnopqrstuvw0123456789-_~ABCDEFGHIJKLMNOPQRSTUVWXYZ';
