import type { FileRule, FileValue } from './file.ts';
import { rulesIn } from './file.ts';
import { mayBeOfAgents, newScopeName } from './names.ts';

/** The groups that hold a scope. */
export function groupsWith({ groups }: FileValue, scope: string): string[] {
  return Object.keys(groups).filter((group) => groups[group]?.includes(scope));
}

/** Whether a scope belongs to a group alone: no other group has it, and no agent can. */
export function isOwn(value: FileValue, group: string, scope: string): boolean {
  return !mayBeOfAgents(scope) && groupsWith(value, scope).every((each) => each === group);
}

/** A name for a new scope that the file has nowhere. */
export function freeScope({ all, ui, groups }: FileValue, parts: readonly string[]): string {
  const used = new Set([...Object.keys(all), ...Object.keys(ui), ...Object.values(groups).flat()]);
  return newScopeName(parts, (name) => used.has(name));
}

/** Gives some groups a copy of a scope in its place. @returns the name of the copy */
export function copyScope(value: FileValue, scope: string, to: readonly string[], parts: readonly string[]): string {
  const copy = freeScope(value, parts);
  const rules = rulesIn(value, scope);
  if (rules) value.all[copy] = structuredClone<FileRule[]>(rules);
  const ui = value.ui[scope];
  if (ui) value.ui[copy] = structuredClone(ui);
  for (const group of to)
    value.groups[group] = (value.groups[group] ?? []).map((each) => (each === scope ? copy : each));
  return copy;
}
