// Speaks to a bridge that logs in by itself: stdio.ts URL COMMAND ARGUMENTS…
import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { StdioClientTransport } from '@modelcontextprotocol/sdk/client/stdio.js';
import { serve } from './steps.ts';

const [command = '', ...args] = process.argv.slice(3);
const environment = Object.entries(process.env).filter((entry): entry is [string, string] => entry[1] !== undefined);
await serve(async () => {
  const client = new Client({ name: 'x', version: '1' });
  const transport = new StdioClientTransport({
    command,
    args,
    env: Object.fromEntries(environment),
    stderr: 'inherit',
  });
  await client.connect(transport as never, { timeout: 60_000 });
  return {
    list: () => client.listTools(),
    call: (name, given) => client.callTool({ name, arguments: given }, undefined, { timeout: 15_000 }),
  };
});
