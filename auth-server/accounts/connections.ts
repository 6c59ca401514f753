import * as oidc from 'openid-client';
import type { Logger } from '../../common/service/log.ts';
import type { AccountProvider } from '../../common/upstream-secrets/account-entry.ts';
import type { UpstreamSecrets } from '../../common/upstream-secrets/watch.ts';
import type { AccountStore } from '../store/accounts/account.ts';
import type { AccountRow } from '../store/accounts/account-row.ts';
import { accountKey } from './account-key.ts';
import {
  type AccountServer,
  type ConnectAttempt,
  type ConnectedAccount,
  ConnectFailure,
  type ConnectFailureCode,
  type Connections,
} from './accounts.ts';
import { type FaultKind, ProviderFault } from './provider/fault.ts';
import { isSameUrl } from './provider/metadata.ts';
import type { AccountPlace, Providers } from './provider/provider.ts';
import { clientDocument } from './provider/registration.ts';
import { resourceIn } from './resource.ts';
import { lockTokens, openTokens } from './use/held-tokens.ts';
import type { Vault } from './vault/vault.ts';

export interface ConnectionsDeps {
  secrets: Pick<UpstreamSecrets, 'account' | 'accounts'>;
  rows: AccountStore;
  vault: Vault;
  providers: Providers;
  /** Starts to revoke what was disconnected. */
  revokeDeparted: () => Promise<void>;
  publicUrl: string;
  log: Logger;
}

const codes: Record<FaultKind, ConnectFailureCode> = {
  ended: 'answer_invalid',
  declined: 'declined',
  unavailable: 'provider_unavailable',
  unusable: 'provider_unusable',
};

/** Connecting, listing and disconnecting, for pages and doors. */
export function createConnections(deps: ConnectionsDeps): Connections {
  const { providers, rows, vault } = deps;
  return {
    describe: (at) =>
      asFailure(async () => {
        const { entry } = placeOf(deps, at);
        const { title, scopes, settingsPage } = entry;
        return { title, host: await providers.hostOf(entry), scopes, settingsPage };
      }),
    begin: (at) =>
      asFailure(async () => {
        const place = placeOf(deps, at);
        // Before the person agrees: what cannot be locked could not be kept.
        await vault.lock('', '').catch((error: Error) => {
          throw new ConnectFailure('provider_unusable', error.message, error);
        });
        const secrets = { state: oidc.randomState(), verifier: oidc.randomPKCECodeVerifier() };
        const { url, clientId } = await providers.begin(place, secrets);
        return { url, attempt: { ...secrets, identity: place.entry.identity, clientId } };
      }),
    finish: (subject, at, attempt, returned) =>
      asFailure(async () => {
        const place = placeOf(deps, at);
        checkAnswer(place.entry, attempt, returned.searchParams);
        const { clientId } = attempt;
        const { tokens, name } = await providers.exchange(place, clientId, returned.searchParams, attempt);
        const { server, account, address } = at;
        const key = accountKey({ subject, account, server });
        const own = { key, subject, account, server, address, identity: place.entry.identity, shownName: name };
        await rows.connect({ ...own, ...(await lockTokens(vault, key, clientId, tokens)) });
        return { name };
      }),
    list: async (subject) =>
      await Promise.all((await rows.ofSubject(subject)).map((row) => toConnectedAccount(deps, row))),
    async disconnect(subject, which) {
      const own = await rows.ofSubject(subject);
      const isMeant = ({ server, account }: AccountRow) =>
        which === 'all' || (server === which.server && account === which.account);
      const gone = await rows.remove(own.filter(isMeant));
      const views = await Promise.all(gone.map((row) => toConnectedAccount(deps, row)));
      const failed = (err: unknown) => deps.log.error({ err }, 'what is to be revoked at providers cannot be read');
      if (gone.length > 0) void deps.revokeDeparted().catch(failed);
      return views;
    },
    clientDocument: () => clientDocument(deps.publicUrl),
  };
}

function placeOf({ secrets }: ConnectionsDeps, { server, account, address }: AccountServer): AccountPlace {
  const entry = secrets.account(account, { server, address });
  const resource = resourceIn(address);
  if (entry && resource !== undefined) return { entry, resource };
  const message = `UPSTREAM_SECRETS_FILE has no account "${account}" that the server "${server}" may use at ${address}`;
  throw new ConnectFailure('provider_unusable', message);
}

/** RFC 6749 section 10.12 and RFC 9207 section 2.4. */
function checkAnswer(entry: AccountProvider, attempt: ConnectAttempt, query: URLSearchParams): void {
  if (entry.identity !== attempt.identity)
    throw new ConnectFailure('entry_changed', 'the entry has changed since the person began to connect');
  const states = query.getAll('state');
  if (states.length !== 1 || states[0] !== attempt.state)
    throw new ConnectFailure('answer_invalid', 'the answer belongs to another attempt');
  const issuers = query.getAll('iss');
  if (entry.issuer === undefined || issuers.length === 0) return;
  if (issuers.length > 1 || !isSameUrl(issuers[0] ?? '', entry.issuer))
    throw new ConnectFailure('answer_invalid', 'the answer is of another issuer');
}

async function toConnectedAccount(deps: ConnectionsDeps, row: AccountRow): Promise<ConnectedAccount> {
  const entry = deps.secrets.accounts().get(row.account);
  const opened = await openTokens(deps.vault, row.key, row.locked).catch(() => undefined);
  const state = entry?.identity === row.identity ? row.state : 'moved';
  return {
    server: row.server,
    account: row.account,
    provider: entry?.title ?? row.account,
    name: row.shownName,
    since: row.createdAt,
    lastUsed: row.usedAt,
    state: state === 'ok' && !opened ? 'ended' : state,
    address: row.address,
    settingsPage: entry?.settingsPage,
    revokes: entry !== undefined && deps.providers.takesRevocations(entry),
  };
}

async function asFailure<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw error instanceof ProviderFault ? new ConnectFailure(codes[error.kind], error.message, error) : error;
  }
}
