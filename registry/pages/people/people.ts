import { type Request, Router } from 'express';
import { mostRecords } from '../../../common/identity/account.ts';
import { mostEnded, type PeopleQuery, peoplePerPage } from '../../../common/identity/people.ts';
import { personOf } from '../../access/guards.ts';
import { mayEndAccess, readPeopleQuery, requireViewPeople } from '../../access/people.ts';
import { shown } from '../shared/access-record.ts';
import { shownAccount } from '../shared/connected-account.ts';
import { cleaned } from '../shared/format.ts';
import type { View } from '../shared/render.ts';
import type { PeopleOptions } from './accounts.ts';
import { createEndPages } from './end.ts';
import { clientWords, endedWords } from './words.ts';

const hour = 3_600_000;
const longestName = 60;

/**
 * `GET /people`: who has access; `/people/<id>`: what acts as one person; `/people/clients`: the clients of all people;
 * `/people/ended`: what administrators have ended. `view_people` opens them, `end_access` adds the ways to end it.
 */
export function createPeoplePages(options: PeopleOptions): Router {
  const { publicUrl, policy, people, store, render, now } = options;
  const pages = Router({ caseSensitive: true, strict: true });
  const assertionOf = (req: Request) => {
    requireViewPeople(policy(), personOf(req));
    return req.get('x-mcp-assertion') ?? '';
  };
  const common = (req: Request) => ({ person: personOf(req), mayEnd: mayEndAccess(policy(), personOf(req)) });
  /** Undefined for what is known to the hour only, and was within the last one. */
  const usedAt = (seconds: number, isExact: boolean) => {
    const at = new Date(seconds * 1000);
    return !isExact && now().getTime() - at.getTime() < hour ? undefined : at;
  };

  pages.get('/people', async (req, res) => {
    const query = readPeopleQuery(req.query);
    const { people: found, total, client } = await people.people(assertionOf(req), query);
    const view = {
      ...{ title: 'People', ...common(req), query, total, pager: pagerOf('/people', query, total) },
      client: client && { ...client, words: clientWords(client.name, client.id) },
      rows: found.map(({ lastUsed, names, ...row }) => ({
        ...row,
        names: names.map((name) => cleaned(name, longestName)),
        lastUsed: usedAt(lastUsed, row.clients + row.tokens === 0),
      })),
    };
    render<View & typeof view>(res, 200, 'people/people', view);
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
  // Before the page of a person: `end` is no id.
  pages.use(createEndPages(options));
  pages.get('/people/:id', async (req: Request<{ id: string }>, res) => {
    const assertion = assertionOf(req);
    const [{ person: who, records }, connected] = await Promise.all([
      people.person(assertion, req.params.id),
      people.connected(assertion, req.params.id),
    ]);
    const all = records.map((record) => ({ ...shown(record, publicUrl, now(), 'their'), clientId: record.clientId }));
    const view = {
      ...{ title: who.name, ...common(req), who, isCut: records.length === mostRecords, mostRecords },
      accounts: connected.map((each) => shownAccount(each, store.get(each.server))),
      clients: all.filter(({ isClient }) => isClient),
      tokens: all.filter(({ isToken }) => isToken),
      signIns: all.filter(({ isSignIn }) => isSignIn),
    };
    render<View & typeof view>(res, 200, 'people/person', view);
  });
  return pages;
}

/** The pages before and after this one. */
function pagerOf(path: string, query: PeopleQuery, total: number) {
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
