import type { Decision, DecisionPage, DecisionSums, DecisionsQuery } from '../../../common/doors/decisions.ts';
import type { Policy } from '../../../policy/policy.ts';
import { mayUseUiEverywhere } from '../../../policy/ui.ts';
import type { Catalogue } from '../../access/catalogue.ts';
import type { Person } from '../../access/guards.ts';
import type { AuditDoor } from '../../doors/decisions.ts';
import { RegistryError } from '../../errors/registry-error.ts';
import { exportMenu } from './export-menu.ts';
import { chipsOf, choicesOf, type Filters, linkTo, queryOf, timeWords } from './filters.ts';
import { explainLinkOf, recordOf } from './record.ts';
import { daysOf } from './rows.ts';
import { sumsOf } from './sums.ts';
import { reasonWords, whoAsked } from './words.ts';

export interface AuditParts {
  policy: () => Policy;
  audit: AuditDoor;
  catalogue: Catalogue;
  now: () => Date;
}

/** Who reads the audit, with the assertion that is passed on. */
export interface Reader {
  person: Person;
  assertion: string;
}

/** What of the audit is shown. `before`: the id of the last decision of the page before; '' on the first page. */
export interface Shown {
  filters: Filters;
  before: string;
  /** The id of the decision that is open. */
  opened?: string | undefined;
}

const none: DecisionPage = { decisions: [], next: null, kept: 0, oldest: null };

/**
 * What the page shows. It asks the auth-server for a page of decisions and their sums at once; for the open decision only if
 * that is on another page.
 * @throws {RegistryError} `not_found` without the open decision; `audit_unavailable`
 */
export async function auditView(parts: AuditParts, reader: Reader, { filters, before, opened }: Shown) {
  const { query, fault } = queryOf(filters, parts.now(), before);
  const [page, sums] = query ? await read(parts.audit, reader.assertion, query) : [none, undefined];
  const decision = page.decisions.find(({ id }) => id === opened);
  const summed = sums && sumsOf(sums, filters);
  const count = summed && countOf(page, summed);
  const record = opened === undefined ? undefined : await openRecord(parts, reader, opened, decision);
  return {
    ...{ title: record ? 'Decision' : 'Audit', person: reader.person, filters, fault, opened, record },
    ...choicesOf(filters),
    chips: chipsOf(filters),
    isFiltered: Object.values(filters).some((value) => value !== ''),
    /** The field has a name where the filter is a subject. */
    who: nameOf(filters.person, page.decisions, sums),
    ...{ times: timeWords(filters), reasons: reasonWords, oldest: page.oldest },
    sums: summed,
    count,
    exports: query && exportMenu(parts.policy(), reader.person, filters, page.decisions, count),
    days: daysOf(page.decisions, ({ id }) => linkTo(`/audit/${id}`, filters, { before })),
    isFirst: before === '',
    ...linksOf(filters, before, page.next),
    /** Where a script asks for what is new, and since when. */
    liveUrl: query && before === '' ? linkTo('/audit/new', filters) : '',
    newest: page.decisions[0]?.at ?? parts.now().toISOString(),
  };
}

/** The page needs no sums: it says if there are none. */
async function read(
  audit: AuditDoor,
  assertion: string,
  query: DecisionsQuery,
): Promise<[DecisionPage, DecisionSums | undefined]> {
  const { before: _before, id: _id, limit: _limit, ...filters } = query;
  const sums = audit.sums(assertion, filters).catch((error: unknown) => {
    if (error instanceof RegistryError) return undefined;
    throw error;
  });
  return await Promise.all([audit.decisions(assertion, query), sums]);
}

/**
 * One record, as its page shows it.
 * @param known the decision, if it was read already
 * @throws {RegistryError} `not_found`
 */
export async function openRecord(parts: AuditParts, { person, assertion }: Reader, id: string, known?: Decision) {
  const decision = known ?? (await parts.audit.decisions(assertion, { id, limit: 1 })).decisions[0];
  if (!decision) throw new RegistryError('not_found', 'This decision is no longer kept, or you may not see it.');
  const policy = parts.policy();
  // Only who may explain decisions has the form on “My rights”.
  const mayExplain = mayUseUiEverywhere(policy, person.scopes, 'modify_service');
  return recordOf(decision, {
    explainLink: mayExplain ? explainLinkOf(decision, (name) => policy.source.groups.has(name)) : '',
    mayOpen: (server) => parts.catalogue.get(person, server) !== undefined,
  });
}

/** How many there are. Sums know tools by the catalogue: of a tool that a caller has invented, only the page shows any. */
function countOf({ decisions, next }: DecisionPage, { total, refused, cut }: ReturnType<typeof sumsOf>) {
  if (total >= decisions.length) return { total, refused, isMore: cut };
  const denied = decisions.filter(({ verdict }) => verdict === 'deny');
  return { total: decisions.length, refused: denied.length, isMore: next !== null };
}

function linksOf(filters: Filters, before: string, next: string | null) {
  return {
    back: linkTo('/audit', filters, { before }),
    newestLink: linkTo('/audit', filters),
    nextLink: next === null ? '' : linkTo('/audit', filters, { before: next }),
    withoutVisits: linkTo('/audit', filters, { caller: 'known' }),
    widerLink: linkTo('/audit', filters, { span: 'all', since: '', until: '' }),
  };
}

/** The name of the person whose subject is the filter; what was typed, if it is none. */
function nameOf(person: string, decisions: readonly Decision[], sums: DecisionSums | undefined): string {
  if (person === '') return '';
  const decision = decisions.find(({ subject }) => subject === person);
  const name = decision ? whoAsked(decision).name : sums?.rows.find((row) => row.person === person)?.name;
  return name || person;
}
