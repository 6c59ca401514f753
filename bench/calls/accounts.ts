import { writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { accountKey } from '../../auth-server/accounts/account-key.ts';
import { lockTokens } from '../../auth-server/accounts/use/held-tokens.ts';
import { openVault } from '../../auth-server/accounts/vault/open-vault.ts';
import { openStore } from '../../auth-server/store/store.ts';
import { createLog } from '../../common/service/log.ts';
import { serverAddress } from '../../common/upstream-secrets/server-address.ts';
import { watchUpstreamSecrets } from '../../common/upstream-secrets/watch.ts';
import { personOf } from '../callers.ts';
import { type BenchStack, entryOf } from '../stack.ts';
import { startServer } from './server.ts';

/** The server at which each person uses an own account. */
export const accountServer = 'own-account';
const account = 'bench-account';
/** What the server gets for the person. */
const token = 'x'.repeat(40);

/** The server's entry as in `servers.yml`. */
export const accountEntry = (upstream: string) => ({ ...entryOf(accountServer, upstream), auth: { account } });

/** Starts that server: it answers calls only with the person's account. */
export const startAccountServer = () => startServer(`Bearer ${token}`);

/** Writes a file of upstream secrets with a provider that is never asked. @param origin of the server @returns the file's path */
export function writeAccountEntry(origin: string): string {
  const path = join(tmpdir(), `bench-secrets-${process.pid}.yml`);
  const provider = { authorization_endpoint: 'https://x.example/a', token_endpoint: 'https://x.example/t' };
  const entry = { account: { ...provider, client_id: 'bench' }, for: [`${origin}/mcp`] };
  writeFileSync(path, JSON.stringify({ [account]: entry }), { mode: 0o600 });
  return path;
}

/** Connects the person who may do everything at the server of accounts, as the callback does. @param secretsFile of {@link writeAccountEntry} */
export async function connectAccount({ dataDir, env }: BenchStack, origin: string, secretsFile: string): Promise<void> {
  const log = createLog('bench', 'warn');
  const address = serverAddress({ origin, mcp: '/mcp', sse: undefined });
  const secrets = await watchUpstreamSecrets({ path: secretsFile, env, log });
  const vault = openVault({ named: undefined, dataDir, isShared: false }, log);
  const store = await openStore(dataDir);
  try {
    const owner = { subject: personOf('all').sub, account, server: accountServer };
    const key = accountKey(owner);
    const identity = secrets.account(account, { server: owner.server, address })?.identity ?? '';
    const tokens = { access: token, refresh: undefined, expiresIn: undefined, scopes: [] };
    const locked = await lockTokens(vault, key, 'bench', tokens);
    await store.accountRows.connect({ key, ...owner, address, identity, shownName: undefined, ...locked });
  } finally {
    await store.close();
    vault.stop();
    secrets.stop();
  }
}
