import { resolve } from 'node:path';
import { readConfigFile } from '../../../common/files/config-file.ts';
import { attempt } from '../../../common/text/config-error.ts';
import { parseSecrets } from '../../../common/upstream-secrets/secrets-file.ts';
import { coversServer, serverAddress } from '../../../common/upstream-secrets/server-address.ts';
import { type Finding, fail, ok, warn } from '../finding.ts';
import { type Registered, registeredServers } from '../registered.ts';
import type { Setup } from '../setup.ts';

/**
 * Can people connect their own accounts at the servers that want them? Reads the registry's database and UPSTREAM_SECRETS_FILE,
 * if they are here. The services report a file that cannot be read themselves.
 */
export async function checkServerAccounts(setup: Setup): Promise<Finding[]> {
  const servers = (await registeredServers(setup)).filter(({ auth_account }) => auth_account !== null);
  if (servers.length === 0) return [];
  const entries = entriesOf(setup);
  if (!entries) return [warn('accounts', 'UPSTREAM_SECRETS_FILE cannot be read', 'correct it first')];
  const findings = servers.flatMap((server) => [
    ...entryFault(server, entries),
    ...(setup.env.TOOL_CHANGES?.trim() === 'refuse' && server.auth_checks === null
      ? [
          warn(
            'accounts',
            `TOOL_CHANGES=refuse refuses every tool of ${server.name}: without a credential for checks none is approved`,
            `name a secret for its checks (docs/accounts.md)`,
          ),
        ]
      : []),
  ]);
  const seen = `people can connect their own accounts at ${servers.map(({ name }) => name).join(', ')}`;
  return findings.length > 0 ? findings : [ok('accounts', seen)];
}

type Entries = ReturnType<typeof parseSecrets>['accounts'];

function entriesOf({ root, env }: Setup): Entries | undefined {
  const path = env.UPSTREAM_SECRETS_FILE?.trim();
  if (!path) return [];
  return attempt(() => readConfigFile('UPSTREAM_SECRETS_FILE', resolve(root, path), parseSecrets)).value?.accounts;
}

function entryFault({ name, auth_account, upstream, mcp_path, sse_path }: Registered, entries: Entries): Finding[] {
  const entry = entries.find((each) => each.name === auth_account);
  const place = 'UPSTREAM_SECRETS_FILE (docs/accounts.md)';
  if (!entry)
    return [
      fail('accounts', `${name} wants accounts by the entry ${auth_account}, which is not there`, `add it to ${place}`),
    ];
  const address = serverAddress({ origin: upstream, mcp: mcp_path ?? undefined, sse: sse_path ?? undefined });
  const isFor = entry.servers?.includes(name) !== false && coversServer(entry.for, address);
  if (isFor) return [];
  return [
    fail(
      'accounts',
      `the entry ${auth_account} does not cover ${name}, so no person can connect there`,
      `add the server to its for and servers in ${place}, or correct the address`,
    ),
  ];
}
