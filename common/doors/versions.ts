import * as z from 'zod';
import type { Difference } from '../../policy/review/diff.ts';

/** The longest text of a policy in characters. */
export const longestPolicy = 1_000_000;

/** How many versions one page of the history has. */
export const versionsPerPage = 50;

/** How many versions are kept: the newest. */
export const mostVersions = 1_000;

/** How many changes may wait for a second editor. */
export const mostProposals = 20;

/** How many differences an answer names. */
export const mostDifferences = 1_000;

/** How many sentences an answer has: faults, or why a second editor is needed. */
export const mostSentences = 100;

/** Only what both databases give back as it was: no NUL, no half of a surrogate pair. */
const text = z
  .string()
  .min(1, 'must not be empty')
  .max(longestPolicy, 'must have at most 1,000,000 characters')
  .refine((value) => value.isWellFormed() && !value.includes('\0'), 'must be text: it has characters that are none');
const why = z
  .string()
  .trim()
  .min(3, 'must say in a few words why you change it')
  .max(500, 'must have at most 500 characters');
const number = z.int().min(1);
const at = z.iso.datetime();
const editor = z.strictObject({
  sub: z.string(),
  name: z.string().describe('The name to show, with the user name.'),
});

/** Who did something. */
export type PolicyEditor = z.output<typeof editor>;

/** Which way a version came. */
const policySources = ['file', 'page', 'command', 'import', 'revert'] as const;

export type PolicySourceName = (typeof policySources)[number];

/** As {@link Difference}. */
export const policyDifference: z.ZodType<Difference> = z.object({
  kind: z.enum(['person', 'agent']),
  who: z.string().describe('A group of people, or a scope of agents.'),
  change: z.enum(['gains', 'loses']),
  what: z.string().describe('In words, such as `tools/call get_time`.'),
  server: z.string().describe('In words, such as a name or `every server`.'),
  condition: z.string().describe('In words, such as `when repo is acme/support`; empty if always.'),
  instead: z.string().describe('In words, the conditions of the other policy; empty if it never allows it.'),
});

const differences = z.array(policyDifference).max(mostDifferences);
const more = z.int().min(0).describe('How many more differences there are than those named.');
const sentences = z.array(z.string()).max(mostSentences);

/** One version of the policy, without its text. */
export const policyVersionShape = z.strictObject({
  number: number.describe('Counts from 1.'),
  version: z.string().describe('The first 12 digits of the SHA-256 of its text.'),
  parent: number.nullable().describe('The number of the version it was made from; null for the first.'),
  at,
  by: editor,
  why: z.string(),
  source: z.enum(policySources),
  confirmedBy: editor.optional().describe('The second editor, where one was needed.'),
});

export type PolicyVersion = z.output<typeof policyVersionShape>;

/** A change that waits for a second editor. */
export const policyProposal = z.strictObject({
  id: number,
  base: number.describe(
    'The number of the version it was made from. It can be confirmed only while that one is in force.',
  ),
  at,
  by: editor,
  why: z.string(),
  source: z.enum(policySources),
  text: z.string(),
  reasons: sentences.describe('Why a second editor is needed.'),
  differences,
  more,
});

export type PolicyProposal = z.output<typeof policyProposal>;

/** The policy in force. Without `POLICY_EDITABLE` it is the file: it has no number then, no drift and no proposals. */
export const currentPolicy = z.strictObject({
  editable: z.boolean(),
  version: z.string(),
  number: number.nullable(),
  text: z.string(),
  drift: z
    .strictObject({ version: z.string(), text: z.string() })
    .nullable()
    .describe('The policy file, if it changed and no one has taken or dismissed that.'),
  proposals: z.array(policyProposal).max(mostProposals),
});

export type CurrentPolicy = z.output<typeof currentPolicy>;

/** A page of the history, the newest version first. */
export const policyVersions = z.strictObject({
  versions: z.array(policyVersionShape).max(versionsPerPage),
  next: number.nullable().describe('`before` of the following page; null at the end.'),
});

export type PolicyVersions = z.output<typeof policyVersions>;

export const versionsQuery = z.object({
  before: z.coerce.number('must be a number').int().min(1).max(Number.MAX_SAFE_INTEGER).optional(),
});

/** One version with its text, and what it changed. */
export const policyVersionText = policyVersionShape.extend({
  text: z.string(),
  differences: differences.describe('Compared with the version it was made from; empty if that is no longer kept.'),
  more,
});

export type PolicyVersionText = z.output<typeof policyVersionText>;

export const judgeQuery = z.strictObject({ text });

/** What a text would mean as the policy. */
export const judgedPolicy = z.strictObject({
  differences: differences.describe('Compared with the policy in force.'),
  more,
  needsSecond: sentences.describe('Why a second editor would have to confirm it; empty if none has to.'),
  faults: sentences.describe('What keeps the text from being a policy; then there are no differences.'),
});

export type JudgedPolicy = z.output<typeof judgedPolicy>;

export const policyChange = z.strictObject({
  base: number.describe('The number of the version it was made from.'),
  text,
  why,
  source: z.enum(['page', 'command', 'import', 'revert']).default('page'),
});

export type PolicyChange = z.input<typeof policyChange>;

/** What became of a change: it is in force, or it waits for a second editor. */
export const changedPolicy = z.union([
  z.strictObject({ applied: policyVersionShape }),
  z.strictObject({ proposed: policyProposal }),
]);

export type ChangedPolicy = z.output<typeof changedPolicy>;

export const settleProposal = z.strictObject({ act: z.enum(['confirm', 'withdraw']) });

export type SettleProposal = z.output<typeof settleProposal>;

/** What became of a proposal: it is in force, or it is gone (null). */
export const settledProposal = z.strictObject({ applied: policyVersionShape.nullable() });

export type SettledProposal = z.output<typeof settledProposal>;

/** What to do with a changed file. `version` names its text. */
export const settleDrift = z.strictObject({
  version: z.string().regex(/^[0-9a-f]{12}$/),
  take: z.boolean(),
  base: number
    .optional()
    .describe(
      'The number of the version that the file was compared with. To take it, that one has to be in force; without it, any.',
    ),
  why: why.optional().describe('Needed to take it.'),
});

export type SettleDrift = z.output<typeof settleDrift>;

/** What became of a changed file: as of a change, or null if it was dismissed. */
export const settledDrift = z.union([changedPolicy, z.strictObject({ applied: z.null() })]);

export type SettledDrift = z.output<typeof settledDrift>;

/** What a 409 `policy_conflict` says: which version is in force now, and what changed since the `base`. */
export const policyConflict = z.object({ current: number, differences, more });

export type PolicyConflict = z.output<typeof policyConflict>;

/** What services take the policy from. */
export const policySource = z.object({ number: number, text: z.string().min(1).max(longestPolicy) });
