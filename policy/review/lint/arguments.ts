import type { PolicySource } from '../../policy.ts';
import { notesOnSchema } from '../free-arguments.ts';
import { covers } from '../rule-shape.ts';
import { listed } from '../words.ts';
import { type Finding, info, warning } from './finding.ts';

/** A tool as its server lists it. */
export interface ListedTool {
  server: string;
  name: string;
  inputSchema?: unknown;
}

/**
 * Finds the arguments of listed tools that rules leave free although they judge others, and those that rules name and the
 * tools do not have. Pure.
 */
export function lintArguments({ scopes }: PolicySource, tools: readonly ListedTool[]): Finding[] {
  return [...scopes.values()].flat().flatMap(({ at, server, toolRules }) =>
    toolRules.flatMap((rule) =>
      tools
        .filter((tool) => covers(server, tool.server) && covers(rule.pattern ?? '*', tool.name))
        .flatMap(({ server: of, name, inputSchema }) => {
          const { free, unknown } = notesOnSchema(rule, inputSchema);
          const which = `${name} of ${of}`;
          const isAre = free.length === 1 ? 'stays' : 'stay';
          return [
            ...(unknown.length > 0 ? [warning(at, `${which} has no argument ${listed(unknown, 'or')}`)] : []),
            ...(free.length > 0 ? [info(at, `${which}: ${listed(free, 'and')} ${isAre} free`)] : []),
          ];
        }),
    ),
  );
}
