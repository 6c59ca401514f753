import * as z from 'zod';
import {
  type DecisionPage,
  type DecisionSums,
  type DecisionsQuery,
  decisionPage,
  decisionSums,
  decisionsQuery,
  type ExportQuery,
  exportQuery,
  type Suggestions,
  type SuggestionsQuery,
  type SumsQuery,
  suggestions,
  suggestionsQuery,
} from '../../common/doors/decisions.ts';
import type { Policy } from '../../policy/policy.ts';
import { mayUseUiSomewhere } from '../../policy/ui.ts';
import type { Person } from '../access/guards.ts';
import { readInput } from '../errors/read-input.ts';
import { createAskAudit, needsViewAudit } from './ask-audit.ts';

/** What the audit may be asked for the person who owns the assertion. Throws {@link RegistryError}. */
export interface AuditDoor {
  decisions(assertion: string, query: DecisionsQuery): Promise<DecisionPage>;
  /** Counts by person, tool and reason. */
  sums(assertion: string, query: SumsQuery): Promise<DecisionSums>;
  /** Names that occur in the decisions, for a filter. */
  suggest(assertion: string, query: SuggestionsQuery): Promise<Suggestions>;
}

/**
 * Makes the client of the auth-server, which keeps the decisions and limits them to what the person may see.
 * @param authServerUrl origin of the auth-server
 */
export function createAuditDoor(authServerUrl: string): AuditDoor {
  const ask = createAskAudit(authServerUrl);
  return {
    decisions: (assertion, query) => ask('/decisions', assertion, query, decisionPage),
    sums: (assertion, query) => ask('/decisions/sums', assertion, query, decisionSums),
    suggest: (assertion, query) => ask('/decisions/suggest', assertion, query, suggestions),
  };
}

/**
 * Requires the permission to see decisions.
 * @throws {RegistryError} `not_permitted`
 */
export function requireViewAudit(policy: Policy, { scopes }: Person): void {
  if (!mayUseUiSomewhere(policy, scopes, 'view_audit')) throw needsViewAudit();
}

/** Spans of time up to now, in milliseconds, by their name in addresses: an address means the same tomorrow. */
const auditSpans = { '1h': 3_600_000, '24h': 86_400_000, '7d': 604_800_000 } as const;

export type AuditSpan = keyof typeof auditSpans;

const spanNames = Object.keys(auditSpans) as [AuditSpan, ...AuditSpan[]];

/** A query of the API: that of the auth-server, and a span up to now. */
export const decisionsApiQuery = decisionsQuery.omit({ times: true }).extend({
  span: z
    .enum(spanNames, `must be one of ${spanNames.join(', ')}`)
    .optional()
    .describe('Only decisions of the last hour, 24 hours or 7 days; without effect if `since` or `until` is given.'),
});

/**
 * Reads the filters of a request's query. Forms send empty fields, which filter nothing.
 * @throws {RegistryError} `input_invalid`
 */
export function readDecisionsQuery(query: Readonly<Record<string, unknown>>, now: Date): DecisionsQuery {
  return withTimes(readInput(decisionsApiQuery, filledOf(query)), now);
}

/** A query for an export of the API. Its record has the exact times. */
export const exportApiQuery = exportQuery.extend({ span: decisionsApiQuery.shape.span });

/**
 * Reads the format and the filters of an export, likewise.
 * @throws {RegistryError} `input_invalid`
 */
export function readExportQuery(query: Readonly<Record<string, unknown>>, now: Date): ExportQuery {
  const { times: _, ...filters } = withTimes(readInput(exportApiQuery, filledOf(query)), now);
  return filters;
}

function filledOf(query: Readonly<Record<string, unknown>>) {
  return Object.fromEntries(Object.entries(query).filter(([, value]) => value !== ''));
}

/** The span as a time, and in words. */
function withTimes<Q extends Pick<z.output<typeof decisionsApiQuery>, 'span' | 'since' | 'until'>>(
  { span, ...rest }: Q,
  now: Date,
): Omit<Q, 'span'> & { times?: string } {
  if (!span || rest.since !== undefined || rest.until !== undefined) return rest;
  return { ...rest, since: new Date(now.getTime() - auditSpans[span]).toISOString(), times: `span=${span}` };
}

/**
 * Reads what is to be suggested.
 * @throws {RegistryError} `input_invalid`
 */
export function readSuggestionsQuery(query: Readonly<Record<string, unknown>>): SuggestionsQuery {
  return readInput(suggestionsQuery, query);
}
