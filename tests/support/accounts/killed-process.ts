import { entriesOf, gatewayAccounts } from './gateway-accounts.ts';

/** A process of the auth-server that a test kills: it refreshes the account of each person that comes in a line. */
const [where = '', yaml = ''] = process.argv.slice(2);
const at = { server: 'notes', account: 'notes', address: 'http://127.0.0.1:9999/mcp -' };
const { accounts } = await gatewayAccounts(where, entriesOf(yaml));
process.stdin.on('data', (line) => {
  void accounts.refused(String(line).trim(), at, { version: 1, why: 'unauthorized' });
});
process.stdout.write('ready\n');
