import { Patterns } from '../../patterns/patterns.ts';
import { type Rule, wildcard } from '../../policy.ts';

/**
 * Finds what two sets of rules have not in common, by what they say and not by where they stand. Only requests that such a rule
 * covers can be decided differently. Pure.
 * @returns for a server undefined if no such rule is about it, else whether one of them names or covers a tool
 */
export function deltaOf(before: readonly Rule[], after: readonly Rule[]): Delta {
  const [old, now] = [written(before), written(after)];
  const apart = [...old, ...now].filter(([text]) => !(old.has(text) && now.has(text))).map(([, rule]) => rule);
  const parts = apart.map(partOf);
  return (server) => {
    const about = parts.filter((part) => covers(part.server, server));
    if (about.length === 0) return undefined;
    const tools = patternsOf(about.flatMap((part) => part.tools));
    return (tool) => covers(tools, tool);
  };
}

/** For a server the names and patterns of tools in the rules about it. All other tools are alike there. Pure. */
export function toolsNamedIn(rules: readonly Rule[]): (server: string) => ReadonlySet<string> {
  const parts = rules.map(partOf);
  return (server) => new Set(parts.flatMap((part) => (covers(part.server, server) ? part.tools : [])));
}

export type Delta = (server: string) => ((tool: string) => boolean) | undefined;

function partOf({ server, tools, toolRules }: Rule): { server: Patterns<true>; tools: string[] } {
  return { server: patternsOf([server]), tools: [...tools, ...toolRules.map(({ pattern }) => pattern ?? '*')] };
}

function written(rules: readonly Rule[]): Map<string, Rule> {
  return new Map(rules.map((rule) => [JSON.stringify({ ...rule, at: undefined }), rule]));
}

function patternsOf(names: readonly string[]): Patterns<true> {
  const patterns = new Patterns<true>();
  for (const name of names) patterns.at(wildcard(name), () => true);
  return patterns;
}

function covers(patterns: Patterns<true>, name: string): boolean {
  return !patterns.matching(name).next().done;
}
