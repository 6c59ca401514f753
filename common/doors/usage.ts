import * as z from 'zod';

/** How far back usage is asked for. */
export const usageSpans = ['24h', '7d', '90d'] as const;

export type UsageSpan = (typeof usageSpans)[number];

/** A query for usage. */
export const usageQuery = z.object({
  span: z.enum(usageSpans, 'must be 24h, 7d or 90d').default('24h'),
  server: z
    .string()
    .trim()
    .min(1)
    .max(300, 'must have at most 300 characters')
    .optional()
    .describe('Only this server.'),
});

export type UsageQuery = z.output<typeof usageQuery>;

const count = z.int().min(0);
const milliseconds = z.number().min(0).nullable();

const counts = {
  calls: count.describe('Calls that the gateway decided, refused ones included.'),
  refused: count.describe('Those that the gateway refused.'),
  errors: count.describe('Allowed calls that were answered with an HTTP status of 400 or more; only measured calls.'),
  p50: milliseconds.describe('Milliseconds within which half of the measured calls were answered; null if none was.'),
  p95: milliseconds.describe('Milliseconds within which 95 % of them were answered.'),
};

const row = z.strictObject({
  id: z.string().describe('What the audit filters by: a subject, the name of a server, a tool or a client.'),
  name: z.string().describe('What pages show.'),
  server: z.string().optional().describe('The server of a tool.'),
  last: z.iso.datetime().describe('When the last call was decided.'),
  slots: z.array(count).max(100).optional().describe('Of a server: its calls in each slot.'),
  ...counts,
});

/** A server, tool, person, agent or client with what was called. */
export type UsageRow = z.output<typeof row>;

const rows = z.array(row).max(20);

const unused = z.strictObject({
  rule: z.string().describe('The name of the rule, as in the decision log.'),
  groups: z.array(z.string()).describe('The groups, and the scopes of agents, to which the policy gives it.'),
  server: z.string().describe('The server, or the pattern of servers, that the rule names.'),
  tools: z.array(z.string()).describe('Known tools that the rule names, which were not called through it.'),
  lastUsed: z.iso.datetime().nullable().describe('When the rule was last used, in the year that is kept.'),
});

/** A right that was given and not used in the span, in whole or for some tools. */
export type UnusedRight = z.output<typeof unused>;

/** What was called in a span of time: `GET /usage` of the auth-server. */
export const usage = z.strictObject({
  span: z.enum(usageSpans),
  from: z.iso.datetime(),
  to: z.iso.datetime(),
  since: z.iso.datetime().nullable().describe('The first hour that is known. Nothing is known of the time before.'),
  slotSeconds: z.int().min(1),
  measured: z.enum(['all', 'some', 'none']).describe('Whether times and errors of the allowed calls are known.'),
  callers: count.describe('The number of people and agents that called.'),
  total: z.strictObject(counts),
  before: z.strictObject(counts).describe('The span of the same length before `from`.'),
  slots: z.array(z.strictObject({ at: z.iso.datetime(), ...counts })).max(100),
  servers: rows,
  tools: rows,
  people: rows,
  agents: rows,
  clients: rows,
  reasons: z.array(z.strictObject({ reason: z.string(), count })),
  unused: z.array(unused),
});

export type Usage = z.output<typeof usage>;
export type UsageCounts = Usage['total'];
