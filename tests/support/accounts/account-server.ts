import { toNodeHandler } from '@modelcontextprotocol/node';
import { createMcpHandler, McpServer } from '@modelcontextprotocol/server';
import { createRemoteJWKSet, jwtVerify } from 'jose';
import * as z from 'zod';
import { listen } from '../listen.ts';

/** What a test may change while the server runs. */
interface AccountServerKnobs {
  /** Answers each request with 401, whatever its token. */
  refusesAll: boolean;
  /** Tools that want this scope answer 403 `insufficient_scope`. */
  wantsScope: string | undefined;
}

/**
 * Starts an MCP server of both eras that takes tokens of the provider for its own address only. Its tool `whoami` says whose
 * token it was, `echo` repeats a text.
 * @param issuer the provider's issuer
 */
export async function startAccountServer(issuer: string) {
  const knobs: AccountServerKnobs = { refusesAll: false, wantsScope: undefined };
  /** The people whose tokens arrived, one for each request, and all `Authorization` headers. */
  const seen = { people: [] as string[], authorizations: [] as (string | undefined)[] };
  const keys = createRemoteJWKSet(new URL('/jwks', issuer));
  const own = { address: '' };
  const { port, close } = await listen(async (req, res) => {
    const metadata = `${own.address.replace('/mcp', '')}/.well-known/oauth-protected-resource/mcp`;
    if (req.url?.startsWith('/.well-known/oauth-protected-resource')) {
      const document = {
        resource: own.address,
        authorization_servers: [issuer],
        scopes_supported: ['mcp', 'mcp:write'],
      };
      return void res.setHeader('content-type', 'application/json').end(JSON.stringify(document));
    }
    if (req.url !== '/mcp') return void res.writeHead(404).end();
    const { authorization } = req.headers;
    seen.authorizations.push(authorization);
    const challenge = (status: number, error: string) =>
      void res
        .writeHead(status, { 'www-authenticate': `Bearer ${error}resource_metadata="${metadata}"` })
        .end(JSON.stringify({ error: 'unauthorized' }));
    const token = /^Bearer (\S+)$/.exec(authorization ?? '')?.[1];
    if (token === undefined || knobs.refusesAll) return challenge(401, token ? 'error="invalid_token", ' : '');
    const verified = await jwtVerify(token, keys, { issuer, audience: own.address }).catch(() => undefined);
    if (!verified) return challenge(401, 'error="invalid_token", ');
    const { sub = '', scope } = verified.payload;
    seen.people.push(sub);
    if (knobs.wantsScope !== undefined && !String(scope).split(' ').includes(knobs.wantsScope))
      return challenge(403, `error="insufficient_scope", scope="${knobs.wantsScope}", `);
    const answer = toNodeHandler(createMcpHandler(() => built(sub)));
    return void answer(req as Parameters<typeof answer>[0], res);
  });
  own.address = `http://127.0.0.1:${port}/mcp`;
  return { address: own.address, port, knobs, seen, close };
}

function built(person: string): McpServer {
  const server = new McpServer({ name: 'accounts', version: '1.0.0' });
  server.registerTool(
    'whoami',
    { description: 'Says whose account this is', annotations: { readOnlyHint: true } },
    () => ({
      content: [{ type: 'text', text: person }],
    }),
  );
  const inputSchema = z.object({ text: z.string() });
  server.registerTool('echo', { description: 'Repeats a text', inputSchema }, ({ text }) => ({
    content: [{ type: 'text', text }],
  }));
  return server;
}
