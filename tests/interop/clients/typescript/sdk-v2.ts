import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client';
import { stepsOf, take, token, url } from './steps.ts';

const client = new Client({ name: 'interop', version: '1' }, { versionNegotiation: { mode: 'auto' } });
const requestInit = { headers: { authorization: `Bearer ${token}` } };
await client.connect(new StreamableHTTPClientTransport(new URL(url), { requestInit }));
await take(stepsOf(client));
await client.close();
