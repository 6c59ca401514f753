import * as z from 'zod';
import type { Approvers, ToolRule } from '../../../policy/policy.ts';
import { argumentRules } from './argument-rule.ts';
import { name, pattern } from './names.ts';
import { until } from './until.ts';

const approveForm = 'must be person, or groups such as {groups: [mcp-registry-operator]}';
const groups = z.array(name, 'must be a list of groups').min(1, 'must name at least one group');

/** Who may approve a call: the caller, or members of groups. */
export const approve = z
  .unknown()
  .transform(each(z.literal('person', approveForm), z.strictObject({ groups }, otherwise(approveForm))))
  .transform(
    (given): Approvers =>
      given === 'person' ? { person: true, groups: [] } : { person: false, groups: [...new Set(given.groups)] },
  );

/** An entry of `tools` that is more than a name. */
const conditional = z
  .strictObject(
    {
      name: pattern.optional(),
      hint: z.literal('read-only', 'must be read-only: the gateway knows no other hint').optional(),
      arguments: argumentRules.optional(),
      only: z.boolean('must be true or false').optional(),
      approve: approve.optional(),
      until: until.optional(),
    },
    otherwise('must be a name, a pattern such as get_*, or a map with name or hint'),
  )
  .superRefine((given, ctx) => {
    const isHint = given.hint !== undefined;
    if (isHint === (given.name !== undefined)) ctx.addIssue('must have either name or hint');
    if (isHint && (given.arguments !== undefined || given.only !== undefined))
      ctx.addIssue('a hint covers tools with different arguments: it can have approve and until only');
    if (given.arguments?.length === 0 && given.only !== true)
      ctx.addIssue('"arguments" names none: leave it out, or add "only: true" to allow calls without arguments only');
  })
  .transform(
    (given): ToolRule => ({
      ...(given.hint ? { hint: given.hint } : { pattern: given.name }),
      arguments: given.arguments ?? [],
      only: given.only ?? false,
      ...(given.approve && { approve: given.approve }),
      ...(given.until !== undefined && { until: given.until }),
    }),
  );

const entry = z.unknown().transform(each(pattern, conditional));

/** The `tools` of a rule: those without a condition by their names, and the others. */
export const toolEntries = z
  .preprocess(
    (given) => (typeof given === 'string' ? [given] : (given ?? [])),
    z.array(entry, 'must be a list of names'),
  )
  .transform((all) => {
    const rules = all.map((one): ToolRule => (typeof one === 'string' ? always(one) : one));
    return {
      tools: rules.flatMap((rule) => (isConditional(rule) ? [] : (rule.pattern ?? []))),
      toolRules: rules.filter(isConditional),
    };
  });

/** A rule for calls of the tools of a name or pattern, without a condition. */
export function always(of: string): ToolRule {
  return { pattern: of, arguments: [], only: false };
}

function isConditional(rule: ToolRule): boolean {
  const { hint, only, approve, until } = rule;
  return hint !== undefined || rule.arguments.length > 0 || only || approve !== undefined || until !== undefined;
}

/** Another message for a value of another type; the faults inside keep theirs. */
function otherwise(message: string) {
  return { error: ({ code }: { code: string }) => (code === 'invalid_type' ? message : undefined) };
}

/** A text is read by one schema and everything else by another, so that the faults are those of the form that was meant. */
function each<A, B>(text: z.ZodType<A>, other: z.ZodType<B>) {
  return (given: unknown, ctx: z.RefinementCtx): A | B => {
    const result = (typeof given === 'string' ? text : other).safeParse(given);
    if (result.success) return result.data as A | B;
    // As issues of our own: after an unrecognized key, zod goes on with a value that is not there.
    for (const { path, message } of result.error.issues) ctx.addIssue({ code: 'custom', path, message });
    return z.NEVER;
  };
}
