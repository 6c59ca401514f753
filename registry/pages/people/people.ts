import { type Request, Router } from 'express';
import { mostRecords } from '../../../common/doors/account.ts';
import { readPeopleQuery } from '../../doors/people.ts';
import { cleaned } from '../shared/format.ts';
import { shown } from '../shared/person/access-record.ts';
import { shownAccount } from '../shared/person/connected-account.ts';
import type { View } from '../shared/render.ts';
import type { PeopleOptions } from './accounts.ts';
import { createEndPages } from './end.ts';
import { createPeopleLists, longestName, pagerOf, readerOf } from './lists.ts';
import { clientWords } from './words.ts';

/**
 * `GET /people`: who has access; `/people/others`: who has none now and was seen; `/people/<id>`: what acts as one person;
 * `/people/clients`: the clients of all people; `/people/ended`: what administrators have ended. `view_people` opens them,
 * `end_access` adds the ways to end it.
 */
export function createPeoplePages(options: PeopleOptions): Router {
  const { publicUrl, people, store, render, now } = options;
  const pages = Router({ caseSensitive: true, strict: true });
  const { assertionOf, common, usedAt } = readerOf(options);

  pages.get('/people', async (req, res) => {
    const query = readPeopleQuery(req.query);
    const { people: found, total, client } = await people.people(assertionOf(req), query);
    const view = {
      ...{ title: 'People', ...common(req), query, total, pager: pagerOf('/people', query, total) },
      client: client && { ...client, words: clientWords(client.name, client.id) },
      rows: found.map(({ lastUsed, names, since, ...row }) => ({
        ...row,
        since: since && new Date(since * 1000),
        names: names.map((name) => cleaned(name, longestName)),
        lastUsed: usedAt(lastUsed, row.clients + row.tokens === 0),
      })),
    };
    render<View & typeof view>(res, 200, 'people/people', view);
  });
  pages.use(createPeopleLists(options));
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
      ...{
        title: who.name,
        ...common(req),
        who,
        hasAccess: records.length > 0,
        isCut: records.length === mostRecords,
        mostRecords,
      },
      accounts: connected.map((each) => shownAccount(each, store.get(each.server))),
      clients: all.filter(({ isClient }) => isClient),
      tokens: all.filter(({ isToken }) => isToken),
      signIns: all.filter(({ isSignIn }) => isSignIn),
    };
    render<View & typeof view>(res, 200, 'people/person', view);
  });
  return pages;
}
