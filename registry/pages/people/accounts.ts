import type { Request, Response } from 'express';
import type { AccountsEnd } from '../../../common/doors/people.ts';
import type { Policy } from '../../../policy/policy.ts';
import { personOf } from '../../access/guards.ts';
import type { PeopleDoor } from '../../doors/people.ts';
import type { RegistryStore } from '../../store/store.ts';
import { counted } from '../shared/format.ts';
import type { Notes } from '../shared/notes.ts';
import { shownAccount } from '../shared/person/connected-account.ts';
import type { Render, View } from '../shared/render.ts';

export interface PeopleOptions {
  publicUrl: string;
  policy: () => Policy;
  people: PeopleDoor;
  store: Pick<RegistryStore, 'get'>;
  render: Render;
  notes: Notes;
  now: () => Date;
}

type Options = Pick<PeopleOptions, 'people' | 'store'>;

/** Asks before all accounts of a person at servers are disconnected. */
export async function askAboutAccounts(
  options: Options & Pick<PeopleOptions, 'render'>,
  req: Request,
  res: Response,
  { assertion, id }: { assertion: string; id: string },
): Promise<void> {
  const [{ person: who }, accounts] = await both(options, assertion, id);
  if (accounts.length === 0) return res.redirect(303, `/people/${who.id}`);
  const many = `all ${counted(accounts.length, 'account')}`;
  const view = { title: `Disconnect ${many} of ${who.name}`, person: personOf(req), who, many, accounts };
  options.render<View & typeof view>(res, 200, 'people/people-disconnect', view);
}

/** What is disconnected, in words, and how many other accesses the person has. */
export async function namesOfAccounts(options: Options, assertion: string, what: AccountsEnd) {
  const [{ person, records }, accounts] = await both(options, assertion, what.person);
  const isMeant = ({ server, account }: { server: string; account: string }) =>
    'server' in what && server === what.server && account === what.account;
  const one = accounts.find(isMeant);
  const name = one ? `the ${one.provider} account at ${one.server}` : 'all accounts at servers';
  return { name: `${name}, of ${person.name}`, left: records.length };
}

async function both({ people, store }: Options, assertion: string, id: string) {
  const [found, accounts] = await Promise.all([people.person(assertion, id), people.connected(assertion, id)]);
  return [found, accounts.map((each) => shownAccount(each, store.get(each.server)))] as const;
}
