// A client that starts a bridge and speaks stdio with it, as a desktop client does: bridge.ts URL TOKEN COMMAND ARGUMENT…
import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { getDefaultEnvironment, StdioClientTransport } from '@modelcontextprotocol/sdk/client/stdio.js';
import { stepsOf, take } from './steps.ts';

const [command = '', ...args] = process.argv.slice(4);
const client = new Client({ name: 'interop', version: '1' });
await client.connect(new StdioClientTransport({ command, args, env: getDefaultEnvironment(), stderr: 'ignore' }));
await take(stepsOf(client));
await client.close();
