import { writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { accountKey } from '../auth-server/accounts/account-key.ts';
import { lockTokens } from '../auth-server/accounts/use/held-tokens.ts';
import { openVault } from '../auth-server/accounts/vault/open-vault.ts';
import { openStore } from '../auth-server/store/store.ts';
import { createLog } from '../common/service/log.ts';
import { serverAddress } from '../common/upstream-secrets/server-address.ts';
import { watchUpstreamSecrets } from '../common/upstream-secrets/watch.ts';
import { person, question } from './callers.ts';
import type { BenchStack } from './stack.ts';

const account = 'bench-account';

/** Writes a file of upstream secrets with a provider that is never asked. @param origin of the server @returns the file's path */
export function writeAccountEntry(origin: string): string {
  const path = join(tmpdir(), `bench-secrets-${process.pid}.yml`);
  const provider = { authorization_endpoint: 'https://x.example/a', token_endpoint: 'https://x.example/t' };
  const entry = { account: { ...provider, client_id: 'bench' }, for: [`${origin}/mcp`] };
  writeFileSync(path, JSON.stringify({ [account]: entry }), { mode: 0o600 });
  return path;
}

/**
 * Connects the bench's person at its server, as the callback does.
 * @param secretsFile of {@link writeAccountEntry}
 * @returns what nginx says of such a server
 */
export async function connectAccount({ dataDir, env }: BenchStack, origin: string, secretsFile: string) {
  const log = createLog('bench', 'warn');
  const address = serverAddress({ origin, mcp: '/mcp', sse: undefined });
  const secrets = await watchUpstreamSecrets({ path: secretsFile, env, log });
  const vault = openVault({ named: undefined, dataDir, isShared: false }, log);
  const store = await openStore(dataDir);
  try {
    const owner = { subject: person.sub, account, server: question['X-Mcp-Server'] };
    const key = accountKey(owner);
    const identity = secrets.account(account, { server: owner.server, address })?.identity ?? '';
    const tokens = { access: 'x'.repeat(40), refresh: undefined, expiresIn: undefined, scopes: [] };
    const locked = await lockTokens(vault, key, 'bench', tokens);
    await store.accountRows.connect({ key, ...owner, address, identity, shownName: undefined, ...locked });
  } finally {
    await store.close();
    vault.stop();
    secrets.stop();
  }
  return { 'X-Mcp-Account': account, 'X-Mcp-Address': address };
}
