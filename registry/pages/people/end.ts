import { type Request, Router } from 'express';
import { mostRecords } from '../../../common/doors/account.ts';
import {
  type AccessEnd,
  type AccountsEnd,
  accessEnd,
  isAccountsEnd,
  type PersonAccess,
} from '../../../common/doors/people.ts';
import { formOf, readForm } from '../../access/body.ts';
import { personOf } from '../../access/guards.ts';
import { requireOwnPage } from '../../access/own-page.ts';
import { requireEndAccess } from '../../access/view-people.ts';
import { readPeopleQuery } from '../../doors/people.ts';
import { RegistryError } from '../../errors/registry-error.ts';
import { counted } from '../shared/format.ts';
import { inSentence, type Shown, shown } from '../shared/person/access-record.ts';
import type { View } from '../shared/render.ts';
import { askAboutAccounts, namesOfAccounts, type PeopleOptions } from './accounts.ts';
import { amountWords, clientWords, doneWords, type Group, groups, isGroup } from './words.ts';

/**
 * `GET /people/end?person=…&all=…` and `?client=…` ask before all of a person, or of a client, ends; `POST /people/end` ends it,
 * or one access of a person (`person`, `id`). All take `end_access`.
 */
export function createEndPages(options: PeopleOptions): Router {
  const { publicUrl, policy, people, render, notes, now } = options;
  const pages = Router({ caseSensitive: true, strict: true });
  const assertionOf = (req: Request) => {
    requireEndAccess(policy(), personOf(req));
    return req.get('x-mcp-assertion') ?? '';
  };
  pages.get('/people/end', async (req, res) => {
    const assertion = assertionOf(req);
    const { person, all, client } = req.query;
    if (typeof client === 'string' && person === undefined) {
      const found = await people.people(assertion, readPeopleQuery({ client }));
      if (!found.client) return res.redirect(303, '/people/clients');
      const words = clientWords(found.client.name, client);
      const view = { ...{ title: `End ${words}`, person: personOf(req), words }, id: client, ...found };
      return render<View & typeof view>(res, 200, 'people/people-end-client', view);
    }
    if (typeof person === 'string' && all === 'accounts')
      return await askAboutAccounts(options, req, res, { assertion, id: person });
    if (typeof person !== 'string' || !isGroup(all))
      throw new RegistryError('not_found', 'There is no page at this address.');
    const view = await previewOf(options, { assertion, person, all });
    if (view.ending.length === 0) return res.redirect(303, `/people/${view.who.id}`);
    render<View & typeof view>(res, 200, 'people/people-end', { ...view, person: personOf(req) });
  });
  pages.post('/people/end', requireOwnPage(publicUrl), readForm, async (req, res) => {
    const assertion = assertionOf(req);
    const what = whatIn(formOf(req));
    const { name, left } = await namesOf(assertion, what);
    const ended = await people.end(assertion, what);
    const stays = left > ended || isAccountsEnd(what);
    const back = 'client' in what ? '/people/clients' : stays ? `/people/${what.person}` : '/people';
    const note = {
      tone: ended > 0 ? 'good' : 'wait',
      text: doneWords(what, name, ended),
      more: moreOn(what, ended),
    } as const;
    res.redirect(303, notes.leave(personOf(req), back, note));
  });
  return pages;

  async function namesOf(assertion: string, what: AccessEnd) {
    if ('client' in what) return await ofClient(assertion, what);
    return isAccountsEnd(what) ? await namesOfAccounts(options, assertion, what) : await ofPerson(assertion, what);
  }

  async function ofClient(assertion: string, { client }: Extract<AccessEnd, { client: string }>) {
    const found = await people.people(assertion, readPeopleQuery({ client }));
    return { name: clientWords(found.client?.name ?? null, client), left: 0 };
  }

  async function ofPerson(assertion: string, what: OfRecords) {
    const found = await people.person(assertion, what.person);
    return { name: nameOf(found, what), left: found.records.length };
  }

  function nameOf({ person, records }: PersonAccess, what: OfRecords): string {
    const one = 'id' in what && records.find(({ id }) => id === what.id);
    return one
      ? `${inSentence({ ...shown(one, publicUrl, now(), 'their'), isOwn: false })}, of ${person.name}`
      : person.name;
  }
}

/** What ends and what stays, before all of a kind ends. */
async function previewOf(
  { publicUrl, people, now }: PeopleOptions,
  { assertion, person, all }: { assertion: string; person: string; all: Group },
) {
  const [{ person: who, records }, accounts] = await Promise.all([
    people.person(assertion, person),
    people.connected(assertion, person),
  ]);
  const both = records.map((record) => shown(record, publicUrl, now(), 'their'));
  const ending = both.filter(isIn(all));
  const staying = both.filter((record) => !ending.includes(record));
  const many = all === 'everything' ? 'all access' : `all ${counted(ending.length, groups[all])}`;
  return {
    ...{ title: `End ${many} of ${who.name}`, who, group: all, many, ending },
    ...{ ends: amountWords(ending), stays: amountWords(staying, accounts.length) },
    ...{ isCut: records.length === mostRecords, mostRecords },
  };
}

type OfRecords = Exclude<AccessEnd, { client: string } | AccountsEnd>;

function isIn(group: Group) {
  return ({ isClient, isToken, isSignIn }: Shown) =>
    ({ clients: isClient, tokens: isToken, sessions: isSignIn, everything: true })[group];
}

function moreOn(what: AccessEnd, ended: number): string[] {
  if (ended === 0) return [];
  if (isAccountsEnd(what))
    return ['Providers that take revocations are told within a day. The person can connect again.'];
  if ('client' in what) return ['It can ask each person again. Then they decide again.'];
  return 'all' in what && what.all === 'everything'
    ? ['The person may sign in again while the provider lets them: disable them there to prevent it.']
    : [];
}

function whatIn(form: URLSearchParams): AccessEnd {
  const read = accessEnd.safeParse(Object.fromEntries(form));
  if (!read.success)
    throw new RegistryError('input_invalid', 'The form does not name what to end. Load the page again.');
  return read.data;
}
