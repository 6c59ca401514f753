import { type Request, Router } from 'express';
import { mostEnded, mostOthers, type PeopleQuery, peoplePerPage } from '../../../common/doors/people.ts';
import { mayUseUiSomewhere } from '../../../policy/ui.ts';
import { personOf } from '../../access/guards.ts';
import { mayEndAccess, requireViewPeople } from '../../access/view-people.ts';
import { readPeopleQuery } from '../../doors/people.ts';
import { cleaned } from '../shared/format.ts';
import type { View } from '../shared/render.ts';
import type { PeopleOptions } from './accounts.ts';
import { endedWords } from './words.ts';

const hour = 3_600_000;
/** The longest name in a list, in characters. */
export const longestName = 60;

/** What the pages of people have in common. */
export function readerOf({ policy, now }: Pick<PeopleOptions, 'policy' | 'now'>) {
  const assertionOf = (req: Request) => {
    requireViewPeople(policy(), personOf(req));
    return req.get('x-mcp-assertion') ?? '';
  };
  const common = (req: Request) => {
    const person = personOf(req);
    const mayAudit = mayUseUiSomewhere(policy(), person.scopes, 'view_audit');
    return { person, mayAudit, mayEnd: mayEndAccess(policy(), person) };
  };
  /** Undefined for what is known to the hour only, and was within the last one. */
  const usedAt = (seconds: number, isExact: boolean) => {
    const at = new Date(seconds * 1000);
    return !isExact && now().getTime() - at.getTime() < hour ? undefined : at;
  };
  return { assertionOf, common, usedAt };
}

/** `GET /people/others`, `/people/clients` and `/people/ended`. */
export function createPeopleLists(options: PeopleOptions): Router {
  const { people, render } = options;
  const pages = Router({ caseSensitive: true, strict: true });
  const { assertionOf, common, usedAt } = readerOf(options);
  pages.get('/people/others', async (req, res) => {
    const query = readPeopleQuery(req.query);
    const { people: found, total } = await people.others(assertionOf(req), query);
    const view = {
      ...{ title: 'People who are not signed in', ...common(req), query, total, mostOthers },
      pager: pagerOf('/people/others', query, total),
      rows: found.map(({ name, lastSeen, ...row }) => {
        return { ...row, name: cleaned(name, longestName), lastSeen: new Date(lastSeen * 1000) };
      }),
    };
    render<View & typeof view>(res, 200, 'people/people-others', view);
  });
  pages.get('/people/clients', async (req, res) => {
    const query = readPeopleQuery(req.query);
    const { clients, total } = await people.clients(assertionOf(req), query);
    const view = {
      ...{ title: 'Clients', ...common(req), query, total, pager: pagerOf('/people/clients', query, total) },
      rows: clients.map(({ id, name, lastUsed, ...row }) => ({
        ...row,
        ...{ id, name: name === null ? '' : cleaned(name, longestName), lastUsed: usedAt(lastUsed, false) },
        host: id.startsWith('https:') ? new URL(id).host : '',
      })),
    };
    render<View & typeof view>(res, 200, 'people/people-clients', view);
  });
  pages.get('/people/ended', async (req, res) => {
    const { ended } = await people.ended(assertionOf(req));
    const rows = ended.map((row) => ({ ...row, at: new Date(row.at * 1000), words: endedWords(row) }));
    const view = { title: 'Ended access', ...common(req), rows, isCut: ended.length === mostEnded, mostEnded };
    render<View & typeof view>(res, 200, 'people/people-ended', view);
  });
  return pages;
}

/** The pages before and after this one. */
export function pagerOf(path: string, query: PeopleQuery, total: number) {
  const of = Math.max(1, Math.ceil(total / peoplePerPage));
  const link = (page: number) => {
    const { q, client = '' } = query;
    const set = Object.entries({ q, client, page: page > 1 ? String(page) : '' }).filter(([, value]) => value !== '');
    return set.length > 0 ? `${path}?${new URLSearchParams(set)}` : path;
  };
  const { page: number } = query;
  return {
    ...{ number, of, previous: number > 1 ? link(Math.min(number, of + 1) - 1) : '' },
    next: number < of ? link(number + 1) : '',
  };
}
