import * as z from 'zod';

const text = z.string().optional();

/**
 * One record of the audit: a decision of `/validate`, with the field names of the decision log (docs/operations/monitoring.md),
 * or an event, which has no `http` and is named by its `method`.
 */
export const decision = z.strictObject({
  id: z.string().describe('Ids only grow. Pass one as `before` to get older decisions.'),
  at: z.iso.datetime(),
  verdict: z.enum(['allow', 'deny']),
  reason: text.describe('The error code of a refusal.'),
  status: z.int().optional().describe('The HTTP status of a refusal.'),
  message: text.describe('The message that the caller got.'),
  request_id: text,
  subject: text,
  username: text,
  shown_name: text.describe('The name that pages show, if that is not the user name. It decides nothing.'),
  client_id: text,
  client_name: text.describe('What the OAuth client calls itself, or how the person has named the token.'),
  auth_method: text,
  address: text.describe('The address that the caller has; also where the hub, a set or mcpgw asks for them.'),
  via: text.describe('Who has asked for the caller: the hub, a set or mcpgw. Its own request is a decision too.'),
  groups: z.array(z.string()).optional().describe('All that the provider has named, also those unknown to the policy.'),
  scopes: z.array(z.string()).optional(),
  resource: text.describe('`mcp` or `registry`.'),
  server: text,
  http: text.describe('Method and path of the HTTP request.'),
  method: text.describe('The MCP method.'),
  object: text.describe(
    'The tool, prompt or resource that it names, the first if there are several; cut if it is long.',
  ),
  object_digest: text.describe('If the object is cut or has escaped characters: SHA-256 of the whole, in base64url.'),
  objects: z.int().optional().describe('The number of objects, if there are several.'),
  argument: text.describe(
    'Of a call that was refused for its arguments: the name of the first one that no rule allows. Never its value.',
  ),
  definition: text.describe('The hash of the definition that the registry had last approved for the tool.'),
  account: text.describe('If the server wants accounts of people: the entry in the operator’s file.'),
  account_used: z.boolean().optional().describe('Whether the token of the caller’s account went to the server.'),
  rule: text.describe('The rule that allowed it.'),
  policy: text.describe('The version of the policy.'),
  microseconds: z.int().optional(),
  about: text.describe('Of an event: the subject or client whom it concerns, if that is not who did it.'),
  about_name: text.describe('The name to show for that.'),
  detail: text.describe('Of an event: what was ended, read, exported or erased, in words.'),
  count: z.int().optional().describe('Of an event: how many were ended, exported, erased or lost.'),
});

export type Decision = z.output<typeof decision>;

const filter = z.string().trim().max(300, 'must have at most 300 characters').optional();
const time = z.iso.datetime({ offset: true, error: 'must be a time such as 2026-11-23T09:00:00Z' }).optional();

/** A query for recent decisions. */
export const decisionsQuery = z.object({
  id: filter.describe('Only the decision with this id.'),
  verdict: z.enum(['allow', 'deny'], 'must be allow or deny').optional(),
  person: filter.describe("Part of the caller's name, subject or client id."),
  server: filter.describe('Part of the name of the server; “the registry” for its own pages and API.'),
  tool: filter.describe('Part of the name of the tool, prompt or resource, or of the MCP method.'),
  reason: filter.describe('The error code of a refusal.'),
  caller: z
    .enum(['known', 'none'], 'must be known or none')
    .optional()
    .describe(
      '`none`: only refusals of requests without a caller, such as visits without a sign-in; `known`: all others.',
    ),
  since: time.describe('Only decisions from this time on.'),
  until: time.describe('Only decisions up to this time.'),
  times: filter.describe(
    'How the reader named the times, such as `span=24h`: the record of the reading has it instead.',
  ),
  before: z
    .string()
    .regex(/^[0-9a-z]+-\d+-\d+$/, 'must be the id of a decision')
    .optional()
    .describe('Only decisions older than the one with this id: `next` of the previous page.'),
  limit: z.coerce.number('must be a number').int().min(1).max(200).default(50),
});

export type DecisionsQuery = z.output<typeof decisionsQuery>;

/** A page of recent decisions, newest first. */
export const decisionPage = z.strictObject({
  decisions: z.array(decision),
  next: z.string().nullable().describe('`before` of the following page; null at the end.'),
  kept: z.int().describe('The number of kept decisions that the caller may see.'),
  oldest: z.iso.datetime().nullable().describe('The time of the oldest of these.'),
});

export type DecisionPage = z.output<typeof decisionPage>;

/** What pages suggest for a filter of decisions. */
const suggestionKinds = ['person', 'server', 'object', 'reason', 'client'] as const;

export const suggestionsQuery = z.object({
  kind: z.enum(suggestionKinds, `must be one of ${suggestionKinds.join(', ')}`),
  q: z.string().trim().max(300, 'must have at most 300 characters').default('').describe('Part of the name.'),
});

export type SuggestionsQuery = z.output<typeof suggestionsQuery>;

/** Names that occur in the record and contain what was typed; the last seen first. */
export const suggestions = z.strictObject({
  values: z.array(z.strictObject({ value: z.string(), label: z.string() })).max(20),
});

export type Suggestions = z.output<typeof suggestions>;

/** A query for sums of decisions: the filters of {@link decisionsQuery} that concern many decisions. */
export const sumsQuery = decisionsQuery.omit({ id: true, before: true, limit: true });

export type SumsQuery = z.output<typeof sumsQuery>;

/** Decisions by person, tool and reason, most first. */
export const decisionSums = z.strictObject({
  rows: z
    .array(
      z.strictObject({
        person: z.string().nullable().describe('The subject; null if the caller was not identified.'),
        name: z.string().describe('The name of the person or agent.'),
        server: z.string().describe('`#registry` for the registry; empty for none.'),
        tool: z.string().describe('The tool, prompt or resource; else the MCP method; empty for neither.'),
        reason: z.string().describe('The error code of a refusal; empty if allowed.'),
        count: z.int(),
      }),
    )
    .max(200),
  cut: z.boolean().describe('Whether there are more rows.'),
});

export type DecisionSums = z.output<typeof decisionSums>;

/** The formats of an export, with its media type and the end of its file's name. OCSF is written as lines of JSON. */
export const exportFormats = {
  ndjson: { type: 'application/x-ndjson; charset=utf-8', extension: '.ndjson' },
  csv: { type: 'text/csv; charset=utf-8; header=present', extension: '.csv' },
  ocsf: { type: 'application/x-ndjson; charset=utf-8', extension: '.ocsf.ndjson' },
} as const;

export type ExportFormat = keyof typeof exportFormats;

const formatNames = Object.keys(exportFormats) as [ExportFormat, ...ExportFormat[]];

/** A query for an export: the filters of {@link sumsQuery}, and the format. */
export const exportQuery = sumsQuery.omit({ times: true }).extend({
  format: z.enum(formatNames, `must be one of ${formatNames.join(', ')}`),
});

export type ExportQuery = z.output<typeof exportQuery>;
