import { Client, StreamableHTTPClientTransport, UnauthorizedError } from '@modelcontextprotocol/client';
import { callback, provider, serve, url } from './steps.ts';

await serve(async () => {
  const { redirectUrl, received } = await callback();
  const authProvider = provider(redirectUrl);
  const transport = () => new StreamableHTTPClientTransport(new URL(url), { authProvider });
  const newClient = () => new Client({ name: 'x', version: '1' }, { versionNegotiation: { mode: 'auto' } });
  const first = transport();
  await newClient()
    .connect(first)
    .catch((error: unknown) => {
      if (!(error instanceof UnauthorizedError)) throw error;
    });
  await first.finishAuth((await received).searchParams);
  const client = newClient();
  await client.connect(transport());
  return {
    list: () => client.listTools(),
    call: (name, args) => client.callTool({ name, arguments: args }),
  };
});
