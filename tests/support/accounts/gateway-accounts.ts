import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { AccountServer } from '../../../auth-server/accounts/accounts.ts';
import { createConnections } from '../../../auth-server/accounts/connections.ts';
import { createOutside } from '../../../auth-server/accounts/provider/outside.ts';
import { createProviders } from '../../../auth-server/accounts/provider/provider.ts';
import { createRegistrations } from '../../../auth-server/accounts/provider/registration.ts';
import { createAccounts } from '../../../auth-server/accounts/use/find.ts';
import { openTokens } from '../../../auth-server/accounts/use/held-tokens.ts';
import { createRefresh } from '../../../auth-server/accounts/use/refresh.ts';
import { createRevokeDeparted } from '../../../auth-server/accounts/use/revoke-departed.ts';
import { createSweep } from '../../../auth-server/accounts/use/sweep.ts';
import { createVault } from '../../../auth-server/accounts/vault/vault.ts';
import type { DatabaseAccounts } from '../../../auth-server/store/accounts/account.ts';
import { openStore } from '../../../auth-server/store/store.ts';
import { createAddressCheck } from '../../../common/network/addresses.ts';
import { createLog } from '../../../common/service/log.ts';
import { type AccountProvider, identityOf } from '../../../common/upstream-secrets/account-entry.ts';
import { parseSecrets } from '../../../common/upstream-secrets/secrets-file.ts';
import { coversServer } from '../../../common/upstream-secrets/server-address.ts';
import { agreeAt } from './agree-at.ts';

const vaultKey = '8f14e45fceea167a5a36dedd4bea2543f7c1d2b90e6a4c31';
const loopback = [{ address: '127.0.0.0', prefix: 8, family: 'ipv4' as const }];

/** The entries of a file of upstream secrets, which a test may change. */
export function entriesOf(yaml: string) {
  const read = (text: string) =>
    new Map(
      parseSecrets(text).accounts.map((entry): [string, AccountProvider] => {
        const source = entry.client?.secret;
        const clientSecret = source && 'value' in source ? source.value : undefined;
        return [entry.name, { ...entry, clientSecret, identity: identityOf(entry) }];
      }),
    );
  let current = read(yaml);
  const listeners: (() => void)[] = [];
  return {
    change(text: string) {
      current = read(text);
      for (const listener of listeners) listener();
    },
    accounts: () => current,
    account(name: string, { server, address }: { server: string; address: string }) {
      const entry = current.get(name);
      return entry && coversServer(entry.for, address) && entry.servers?.includes(server) !== false ? entry : undefined;
    },
    onChange: (listener: () => void) => void listeners.push(listener),
  };
}

export type Entries = ReturnType<typeof entriesOf>;

interface AccountsOptions {
  keys?: readonly string[];
  waitMilliseconds?: number;
  idleDays?: number;
  lines?: string[];
}

/** People's accounts as one process of the auth-server has them, without HTTP. Providers may be on this machine. */
export async function gatewayAccounts(where: string, entries: Entries, options: AccountsOptions = {}) {
  const { keys = [vaultKey], waitMilliseconds = 5_000, idleDays = 30, lines = [] } = options;
  const store = await openStore(where);
  const publicUrl = 'http://localhost:8080';
  const log = createLog('test', 'debug', { write: (line) => void lines.push(line) });
  const vault = createVault(() => keys);
  const ownPorts = new Set<number>();
  const outside = createOutside({
    resolve: async (host) => [host === 'localhost' ? '127.0.0.1' : host],
    check: createAddressCheck({ allowPrivate: loopback, ownPorts }),
    checkPublic: createAddressCheck({ allowPrivate: [], ownPorts }),
    throughProxy: false,
  });
  const { accountRows: rows, departedAccounts: departed, accountClients } = store;
  const isReachable = async () => false;
  const registrations = createRegistrations({ store: accountClients, vault, publicUrl, isReachable });
  const providers = createProviders({ outside, registrations, publicUrl });
  const refresh = createRefresh({ rows, departed, providers, vault, log });
  const revokeDeparted = createRevokeDeparted({ secrets: entries, departed, providers, vault, log });
  const shared = { secrets: entries, rows, vault, providers, refresh, log };
  const heldBy = async (subject: string, { account, server }: AccountServer) => {
    const all = await rows.ofSubject(subject);
    const row = all.find((each) => each.account === account && each.server === server);
    const entry = entries.accounts().get(account);
    const held = row && (await openTokens(vault, row.key, row.locked));
    if (!entry || !held) throw new Error('there is no such account');
    return { entry, held, row };
  };
  const connections = createConnections({ ...shared, revokeDeparted, publicUrl });
  return {
    store,
    vault,
    log: lines,
    accounts: createAccounts({ ...shared, waitMilliseconds }),
    connections,
    revokeDeparted,
    sweep: createSweep({ ...shared, revokeDeparted, idleDays }),
    /** Writes the times of use at once. */
    flush: () => (rows as DatabaseAccounts).flush(),
    /** Refreshes as a process does that is killed before it can write: the provider's answer is lost. */
    async refreshAndLose(subject: string, at: AccountServer) {
      const { entry, held, row } = await heldBy(subject, at);
      const resource = at.address.split(' ', 1)[0] ?? '';
      await providers.refresh({ entry, resource }, held.clientId, { refresh: held.refresh ?? '', scopes: row.scopes });
    },
    /** Ends at the provider what a person has allowed there, as they can do by themselves. */
    async endAtProvider(subject: string, at: AccountServer) {
      const { entry, held } = await heldBy(subject, at);
      await providers.revoke(entry, held.clientId, held);
    },
    /** Connects an account as a person does, with a login at the provider. */
    async connect(subject: string, at: AccountServer, login = subject) {
      const { url, attempt } = await connections.begin(at);
      return await connections.finish(subject, at, attempt, await agreeAt(url, login));
    },
  };
}

/** A folder for the store of a test, removed after the tests of the file. */
export function storeFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'accounts-'));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}
