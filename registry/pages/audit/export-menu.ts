import type { Decision } from '../../../common/doors/decisions.ts';
import type { Policy } from '../../../policy/policy.ts';
import { mayUseUiEverywhere, mayUseUiSomewhere } from '../../../policy/ui.ts';
import type { Person } from '../../access/guards.ts';
import { counted } from '../shared/format.ts';
import { type Filters, linkTo, spanOf } from './filters.ts';

const formats = [
  { format: 'csv', label: 'CSV', what: 'for a spreadsheet' },
  { format: 'ndjson', label: 'NDJSON', what: 'a record a line, as kept' },
  { format: 'ocsf', label: 'OCSF', what: 'for a SIEM' },
] as const;

const kilobyte = 1_000;

/**
 * The menu that exports what is filtered; undefined for who has no `export_audit`.
 * @param decisions those on the page: the size of all is estimated by them
 * @param count how many there are; undefined if that is not known
 */
export function exportMenu(
  policy: Policy,
  { scopes }: Person,
  filters: Filters,
  decisions: readonly Decision[],
  count: { total: number; isMore: boolean } | undefined,
) {
  if (!mayUseUiSomewhere(policy, scopes, 'export_audit')) return undefined;
  // The route knows no usual span, and without one gives all that is kept.
  const span = spanOf(filters) ?? '';
  const link = (format: string) =>
    linkTo('/audit/export', { ...filters, span: span === 'all' ? '' : span }, { format });
  return {
    formats: formats.map(({ format, ...words }) => ({ ...words, href: link(format) })),
    size: sizeWords(decisions, count),
    isPart: !mayUseUiEverywhere(policy, scopes, 'export_audit'),
  };
}

function sizeWords(decisions: readonly Decision[], count: { total: number; isMore: boolean } | undefined): string {
  if (!count || decisions.length === 0) return 'All records that the filters find.';
  const bytes = (JSON.stringify(decisions).length / decisions.length) * count.total;
  const kilobytes = Math.max(1, Math.round(bytes / kilobyte));
  const size = kilobytes < kilobyte ? `${kilobytes} kB` : `${(kilobytes / kilobyte).toFixed(1)} MB`;
  return `${count.isMore ? 'More than ' : ''}${counted(count.total, 'record')}, about ${size} as NDJSON.`;
}
