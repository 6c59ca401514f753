import { UnauthorizedError } from '@modelcontextprotocol/sdk/client/auth.js';
import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js';
import { callback, provider, serve, url } from './steps.ts';

await serve(async () => {
  const { redirectUrl, received } = await callback();
  const authProvider = provider(redirectUrl);
  const transport = () => new StreamableHTTPClientTransport(new URL(url), { authProvider });
  const first = transport();
  await new Client({ name: 'x', version: '1' }).connect(first as never).catch((error: unknown) => {
    if (!(error instanceof UnauthorizedError)) throw error;
  });
  await first.finishAuth((await received).searchParams.get('code') ?? '');
  const client = new Client({ name: 'x', version: '1' });
  await client.connect(transport() as never);
  return {
    list: () => client.listTools(),
    call: (name, args) => client.callTool({ name, arguments: args }),
  };
});
