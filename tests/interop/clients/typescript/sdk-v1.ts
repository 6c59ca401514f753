import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js';
import type { Transport } from '@modelcontextprotocol/sdk/shared/transport.js';
import { stepsOf, take, token, url } from './steps.ts';

const client = new Client({ name: 'interop', version: '1' });
const requestInit = { headers: { authorization: `Bearer ${token}` } };
// The transport of SDK v1 does not match its interface under exactOptionalPropertyTypes.
await client.connect(new StreamableHTTPClientTransport(new URL(url), { requestInit }) as Transport);
await take(stepsOf(client));
await client.close();
