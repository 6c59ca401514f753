import {
  type AccountServer,
  type ConnectAttempt,
  type ConnectedAccount,
  ConnectFailure,
  type ConnectFailureCode,
  type Connections,
} from '../../../auth-server/accounts/accounts.ts';
import { nowInSeconds } from '../../../common/time/now.ts';
import { accountsAddress } from './accounts-in-memory.ts';

export const providerUrl = 'https://provider.example';

/** What nginx says about the server with accounts on its page. */
export const ofServer = (server = 'currenttime', address = accountsAddress) => ({
  'X-Mcp-Server': server,
  'X-Mcp-Routed': '1',
  'X-Mcp-Account': 'notion',
  'X-Mcp-Address': address,
});

/**
 * A provider and the kept accounts, without either: codes are the account's name after `code-`. Tokens are not there at all; what
 * the callback hands over is kept in `finished`.
 */
export function connectionsInMemory() {
  const kept = new Map<string, ConnectedAccount>();
  const finished: { subject: string; at: AccountServer; attempt: ConnectAttempt; returned: URL }[] = [];
  const disconnected: ConnectedAccount[] = [];
  const knobs = {
    failure: undefined as ConnectFailureCode | undefined,
    revokes: true,
    /** What happens while the provider is asked for the tokens. */
    meanwhile: async () => {},
  };
  let begun = 0;
  const keyOf = (subject: string, server: string, account: string) => JSON.stringify([subject, server, account]);
  const refuse = () => {
    if (knobs.failure) throw new ConnectFailure(knobs.failure, 'a token-like-secret is never in it');
  };
  const connections: Connections = {
    async describe() {
      refuse();
      const scopes = ['read:pages', '<b>bold</b>', 'offline_access'];
      return { title: 'Notion', host: 'provider.example', scopes, settingsPage: `${providerUrl}/settings` };
    },
    async begin() {
      refuse();
      const state = `state-${String(++begun).padStart(40, '0')}`;
      const attempt = { state, verifier: `verifier-${begun}`, nonce: 'n', identity: 'i', clientId: 'c' };
      return { url: new URL(`${providerUrl}/authorize?state=${state}`), attempt };
    },
    async finish(subject, at, attempt, returned) {
      finished.push({ subject, at, attempt, returned });
      await knobs.meanwhile();
      refuse();
      const { searchParams } = returned;
      if (searchParams.get('state') !== attempt.state || (searchParams.get('iss') ?? providerUrl) !== providerUrl)
        throw new ConnectFailure('answer_invalid', 'not of this attempt');
      if (searchParams.has('error')) throw new ConnectFailure('declined', 'the provider said no');
      const name = searchParams.get('code')?.replace('code-', '');
      const { server, account, address } = at;
      const now = nowInSeconds();
      const row = {
        server,
        account,
        provider: 'Notion',
        name,
        since: now,
        lastUsed: now,
        state: 'ok',
        address,
      } as const;
      const more = { settingsPage: `${providerUrl}/settings`, revokes: knobs.revokes };
      kept.set(keyOf(subject, server, account), { ...row, ...more });
      return { name };
    },
    async list(subject) {
      return [...kept].filter(([key]) => JSON.parse(key)[0] === subject).map(([, account]) => account);
    },
    async disconnect(subject, which) {
      const all = await connections.list(subject);
      const meant = all.filter(
        (each) => which === 'all' || (each.server === which.server && each.account === which.account),
      );
      for (const { server, account } of meant) kept.delete(keyOf(subject, server, account));
      disconnected.push(...meant);
      return meant;
    },
    clientDocument: () => ({ client_name: 'The gateway' }),
  };
  return { connections, kept, finished, disconnected, knobs };
}
