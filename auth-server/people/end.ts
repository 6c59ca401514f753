import { type AccessEnd, type AccountsEnd, isAccountsEnd } from '../../common/doors/people.ts';
import { nowInSeconds } from '../../common/time/now.ts';
import { endAtProviders, endEach, idOf, kinds, recordsOf, wordsOf } from '../account/records.ts';
import type { KeptAccounts } from '../accounts/records.ts';
import { actorOf } from '../decisions/events.ts';
import type { RevocationStore } from '../store/revocation.ts';
import type { PersonAt, SessionRecord } from '../store/session-record.ts';
import type { PeopleDeps } from './read.ts';
import { fullName, personOfId } from './who.ts';

export interface EndDeps extends PeopleDeps {
  revocations: RevocationStore;
  connecting?: KeptAccounts | undefined;
}

/** What is about to end, as the list of ended access names it. */
type Noted = Parameters<PeopleDeps['endedAccess']['begin']>[0];

/** Whose access it is, and what of it, as the audit says it. */
interface Said {
  own: SessionRecord;
  about: string;
  about_name: string;
  detail: string;
}

/**
 * Ends the access of others within a second, as the operators' `revoke` does. The list of ended access has a row before anything
 * ends.
 * @param own the session of the administrator
 * @returns how many records ended; 0 if there is nothing of that name
 */
export async function endAccessOf(deps: EndDeps, own: SessionRecord, what: AccessEnd): Promise<number> {
  const by = { sub: own.sub, name: fullName(own) };
  if ('client' in what) return await endClient(deps, own, by, what.client);
  return isAccountsEnd(what) ? await endAccounts(deps, own, by, what) : await endOfPerson(deps, own, by, what);
}

async function endClient(deps: EndDeps, own: SessionRecord, by: Noted['by'], oauthClient: string): Promise<number> {
  const { sessions, revocations, directory, idleSeconds } = deps;
  // Only what stands in a record: the revocation of an app client of the provider would end every sign-in with it.
  const found = await directory.client(oauthClient, idleSeconds);
  if (!found) return 0;
  const name = found.name ?? oauthClient;
  const said = { own, about: oauthClient, about_name: name, detail: `the client “${name}” for everyone` };
  return await noted(deps, { by, what: 'client', person: null, client: name }, said, async () => {
    await revocations.add({ kind: 'client', value: oauthClient, at: nowInSeconds() });
    return await sessions.end({ oauthClient });
  });
}

async function endOfPerson(
  deps: EndDeps,
  own: SessionRecord,
  by: Noted['by'],
  what: Exclude<AccessEnd, { client: string } | AccountsEnd>,
): Promise<number> {
  const who = personOfId(deps.providers, what.person);
  const all = who ? await recordsOf(deps, who, own) : [];
  const isMeant = (record: SessionRecord) => {
    if ('id' in what) return idOf(record) === what.id;
    return what.all === 'everything' || record.kind === kinds[what.all];
  };
  const meant = all.filter(isMeant);
  const [first] = meant;
  if (!who || !first) return 0;
  const name = 'id' in what ? (first.oauthClientName ?? null) : null;
  const row = { by, what: 'id' in what ? 'one' : what.all, person: fullName(first), client: name } as const;
  const whole = 'id' in what ? wordsOf(first) : what.all === 'everything' ? 'all access' : `all ${what.all}`;
  const said = { own, about: who.sub, about_name: fullName(first), detail: `${whole} of ${fullName(first)}` };
  const ended = await noted(deps, row, said, async () => {
    if ('id' in what) return await endEach(deps.sessions, meant);
    return what.all === 'everything' ? await endEverything(deps, who) : await endKind(deps, who, what.all);
  });
  endAtProviders(deps, meant);
  return ended;
}

/** The person may have no record any more: accounts stay connected without one. */
async function endAccounts(deps: EndDeps, own: SessionRecord, by: Noted['by'], what: AccountsEnd): Promise<number> {
  const { connections } = deps.connecting ?? {};
  const who = personOfId(deps.providers, what.person);
  if (!who || !connections) return 0;
  const [record] = await recordsOf(deps, who, own);
  const all = await connections.list(who.sub);
  const isMeant = ({ server, account }: { server: string; account: string }) =>
    'all' in what || (server === what.server && account === what.account);
  let ended = 0;
  for (const each of all.filter(isMeant)) {
    const client = `the ${each.provider} account at ${each.server}`;
    const name = record ? fullName(record) : who.sub;
    const row = { by, what: 'one', person: name, client } as const;
    const said = { own, about: who.sub, about_name: name, detail: `${client} of ${name}` };
    ended += await noted(deps, row, said, async () => (await connections.disconnect(who.sub, each)).length);
  }
  return ended;
}

async function endKind({ sessions }: EndDeps, person: PersonAt, all: keyof typeof kinds): Promise<number> {
  return await sessions.end({ person, kind: kinds[all] });
}

/** Also the tokens that the provider gave to the person. They go first: no one continues with a token in between. */
async function endEverything({ sessions, revocations }: EndDeps, person: PersonAt): Promise<number> {
  await revocations.add({ kind: 'user', value: person.sub, at: nowInSeconds() });
  return await sessions.end({ person, kind: undefined });
}

async function noted(deps: EndDeps, row: Noted, said: Said, end: () => Promise<number>): Promise<number> {
  const id = await deps.endedAccess.begin(row);
  const ended = await end();
  await deps.endedAccess.finish(id, ended);
  const { own, ...event } = said;
  deps.auditEvents.accessEnded(actorOf(own), { ...event, count: ended });
  const { by, what, person, client } = row;
  const about = { reason: 'administrator_ended', by: by.sub, what, username: person, client, ended };
  deps.log.info(about, 'an administrator has ended the access of others');
  return ended;
}
