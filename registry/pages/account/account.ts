import { type Request, Router } from 'express';
import { type AccountEnd, mostRecords } from '../../../common/doors/account.ts';
import { hubName } from '../../../policy/names.ts';
import type { Policy } from '../../../policy/policy.ts';
import { formOf, readForm } from '../../access/body.ts';
import { type Person, personOf } from '../../access/guards.ts';
import { requireOwnPage } from '../../access/own-page.ts';
import { mayOpen } from '../../access/who-may-use.ts';
import type { AccountDoor } from '../../doors/account.ts';
import { RegistryError } from '../../errors/registry-error.ts';
import type { RegistryStore } from '../../store/store.ts';
import { type ClientLogins, connectionsTo } from '../connect/connect.ts';
import { counted } from '../shared/format.ts';
import { type Note, type Notes, nothingLeft } from '../shared/notes.ts';
import { inSentence, type Shown, shown } from '../shared/person/access-record.ts';
import { shownAccount } from '../shared/person/connected-account.ts';
import type { Render, View } from '../shared/render.ts';
import { createDisconnect } from './disconnect.ts';

export interface AccountOptions {
  publicUrl: string;
  account: AccountDoor;
  policy: () => Policy;
  /** With which MCP clients people may log in. */
  clientLogins: ClientLogins;
  store: Pick<RegistryStore, 'get'>;
  render: Render;
  notes: Notes;
  now: () => Date;
}

/** What “End all” ends, by the word in its address. */
const groups = {
  clients: { noun: 'connected client', isIn: ({ isClient }: Shown) => isClient },
  tokens: { noun: 'personal token', isIn: ({ isToken }: Shown) => isToken },
  sessions: { noun: 'other sign-in', isIn: ({ isSignIn, isOwn }: Shown) => isSignIn && !isOwn },
};
type Group = keyof typeof groups;

/**
 * `GET /account`: the programs that act as the person, their accounts at servers, their personal tokens, and their sign-ins.
 * `POST /account/end` ends one (`id`) or all of a kind (`all`); `GET /account/end?all=…` asks before that.
 */
export function createAccountPages(options: AccountOptions): Router {
  const { publicUrl, account, policy, clientLogins, store, render, notes, now } = options;
  const pages = Router({ caseSensitive: true, strict: true });
  const assertionOf = (req: Request) => req.get('x-mcp-assertion') ?? '';
  const read = async (req: Request) => {
    const { provider, makesTokens, records } = await account.read(assertionOf(req));
    return {
      provider,
      makesTokens,
      all: records.map((record) => shown(record, publicUrl, now())),
      isCut: records.length === mostRecords,
    };
  };
  const connectedOf = async (req: Request) =>
    (await account.connected(assertionOf(req))).map((each) => shownAccount(each, store.get(each.server)));
  pages.get('/account', async (req, res) => {
    const [{ provider, makesTokens, all, isCut }, accounts] = await Promise.all([read(req), connectedOf(req)]);
    const clients = all.filter(({ isClient }) => isClient);
    const tokens = all.filter(({ isToken }) => isToken);
    const signIns = all.filter(({ isSignIn }) => isSignIn).sort((a, b) => Number(b.isOwn) - Number(a.isOwn));
    const hasOthers = all.some(groups.sessions.isIn);
    const everything = everythingFor(
      { policy: policy(), publicUrl, logins: clientLogins },
      personOf(req),
      req.query.client,
    );
    const view = {
      title: 'My account',
      everything,
      person: personOf(req),
      provider,
      makesTokens,
      clients,
      accounts,
      tokens,
      signIns,
      hasOthers,
      isCut,
      mostRecords,
    };
    render<View & typeof view>(res, 200, 'account/account', view);
  });
  pages.get('/account/end', async (req, res) => {
    const group = groupIn(req.query.all);
    const { all, isCut } = await read(req);
    const ending = all.filter(groups[group].isIn);
    if (ending.length === 0) return res.redirect(303, '/account');
    const many = counted(ending.length, groups[group].noun);
    const view = { title: `End all ${many}`, person: personOf(req), group, many, ending, isCut, mostRecords };
    render<View & typeof view>(res, 200, 'account/account-end', view);
  });
  pages.post('/account/end', requireOwnPage(publicUrl), readForm, async (req, res) => {
    const what = whatIn(formOf(req));
    const { all } = await read(req);
    const ended = await account.end(assertionOf(req), what);
    res.redirect(303, notes.leave(personOf(req), '/account', noteOn(what, ended, all)));
  });
  pages.use(createDisconnect(options));
  return pages;
}

/** How to connect to the one address for all servers; undefined for a person whom no rule lets open it. */
function everythingFor(
  { policy, publicUrl, logins }: { policy: Policy; publicUrl: string; logins: ClientLogins },
  { scopes }: Person,
  wanted: unknown,
) {
  if (!mayOpen(policy, scopes, hubName)) return undefined;
  const url = `${publicUrl}/mcp`;
  const endpoints = [{ transport: 'streamable-http', url } as const];
  const clients = connectionsTo({ name: 'gateway', endpoints }, logins).map((each) => {
    return { ...each, href: `/account?client=${each.id}#everything` };
  });
  return { url, clients, client: clients.find(({ id }) => id === wanted) ?? clients[0] };
}

function noteOn(what: AccountEnd, ended: number, all: readonly Shown[]): Note {
  if (ended === 0) return nothingLeft;
  if ('all' in what) {
    const words = counted(ended, groups[what.all].noun);
    return { tone: 'good', text: `${words} ended.`, more: [] };
  }
  const one = all.find(({ id }) => id === what.id);
  const words = one ? inSentence(one) : 'it';
  const more = one?.isClient ? ['It can ask you again. Then you decide again.'] : [];
  return { tone: 'good', text: `Ended: ${words}.`, more };
}

function groupIn(value: unknown): Group {
  if (value === 'clients' || value === 'tokens' || value === 'sessions') return value;
  throw new RegistryError('not_found', 'There is no page at this address.');
}

function whatIn(form: URLSearchParams): AccountEnd {
  const [id, all] = [form.get('id'), form.get('all')];
  if (id !== null && all === null && /^[\w-]{22}$/.test(id)) return { id };
  if (id === null && (all === 'clients' || all === 'tokens' || all === 'sessions')) return { all };
  throw new RegistryError('input_invalid', 'The form does not name what to end. Load the page again.');
}
