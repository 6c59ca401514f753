import { type Request, type RequestHandler, Router } from 'express';
import * as z from 'zod';
import { accountDisconnect, type ConnectedAccount } from '../../../common/doors/accounts.ts';
import type { Policy } from '../../../policy/policy.ts';
import { readJson } from '../../access/body.ts';
import { personOf } from '../../access/guards.ts';
import { requireViewPeople } from '../../access/view-people.ts';
import type { AccountDoor } from '../../doors/account.ts';
import type { PeopleDoor } from '../../doors/people.ts';
import { readInput } from '../../errors/read-input.ts';
import { accountOf, addressOf } from '../../servers/server.ts';
import type { RegistryStore } from '../../store/store.ts';
import { type Answer, time } from '../shared/answer.ts';

/** The answer of `GET /accounts` and `GET /people/{id}/accounts`. */
export const accountListing = z.strictObject({
  accounts: z.array(
    z.strictObject({
      server: z.string(),
      account: z.string().describe("The name of the operator's entry. With the server, it names the account."),
      provider: z.string(),
      name: z.string().nullable().describe("The account's name at the provider."),
      since: time,
      last_used: time,
      state: z
        .enum(['ok', 'ended', 'more_scopes', 'refuses', 'moved'])
        .describe('All but `ok`: it is not used until it is connected again.'),
      settings: z.string().nullable().describe('Where the person can end it at the provider.'),
    }),
  ),
});

/** The answer of `POST /accounts/disconnect`. */
export const disconnectedCount = z.strictObject({ ended: z.int().describe('How many accounts were disconnected.') });

export interface AccountsApiOptions {
  /** Requires the caller's own assertion, which is passed on. */
  guard: RequestHandler;
  policy: () => Policy;
  account: Pick<AccountDoor, 'connected' | 'disconnect'>;
  people: Pick<PeopleDoor, 'connected'>;
  store: Pick<RegistryStore, 'get'>;
}

/**
 * `GET /accounts`, `POST /accounts/disconnect` and `GET /people/:id/accounts`, mounted at `/api`: the accounts of people at
 * servers. They take the session of a person; for those of others, with `view_people`.
 */
export function createAccountsApi({ guard, policy, account, people, store }: AccountsApiOptions): Router {
  const api = Router({ caseSensitive: true, strict: true });
  const assertionOf = (req: Request) => req.get('x-mcp-assertion') ?? '';
  const toAnswer = (all: readonly ConnectedAccount[]) => {
    return { accounts: all.map((each) => toJson(each, store)) } satisfies Answer<typeof accountListing>;
  };
  api.get('/accounts', guard, async (req, res) => {
    res.json(toAnswer(await account.connected(assertionOf(req))));
  });
  api.post('/accounts/disconnect', guard, readJson(), async (req, res) => {
    const what = readInput(
      accountDisconnect,
      req.body,
      () => 'Send {"server", "account"}, as GET /api/accounts names them.',
    );
    const ended = await account.disconnect(assertionOf(req), what);
    res.json({ ended } satisfies Answer<typeof disconnectedCount>);
  });
  api.get('/people/:id/accounts', guard, async (req: Request<{ id: string }>, res) => {
    requireViewPeople(policy(), personOf(req as Request));
    res.json(toAnswer(await people.connected(assertionOf(req as Request), req.params.id)));
  });
  return api;
}

function toJson(each: ConnectedAccount, store: Pick<RegistryStore, 'get'>) {
  const { server, account, provider, name, since, lastUsed, settingsPage: settings } = each;
  const found = store.get(server);
  const isAt = found && accountOf(found) === account && addressOf(found) === each.address;
  const state = each.state === 'ok' && !isAt ? 'moved' : each.state;
  return { server, account, provider, name, since: at(since), last_used: at(lastUsed), state, settings } as const;
}

function at(seconds: number): string {
  return new Date(seconds * 1000).toISOString();
}
