import * as z from 'zod';
import { objects, pattern, patterns } from './names.ts';
import { always, approve, toolEntries } from './tool-entry.ts';
import { until } from './until.ts';

/** One rule of a scope. */
export const rule = z
  .strictObject({
    server: pattern,
    methods: patterns,
    tools: toolEntries,
    prompts: objects,
    resources: objects,
    approve: approve.optional(),
    until: until.optional(),
  })
  .transform(({ tools: given, approve: approvers, ...rest }) => {
    if (!approvers) return { ...rest, ...given };
    // What an entry says itself counts.
    const conditional = given.toolRules.map((each) => ({ approve: approvers, ...each }));
    const held = given.tools.map((pattern) => ({ ...always(pattern), approve: approvers }));
    return { ...rest, tools: [], toolRules: [...held, ...conditional] };
  });
