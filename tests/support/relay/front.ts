import type { IncomingMessage, ServerResponse } from 'node:http';
import { buffer } from 'node:stream/consumers';
import { listen } from '../listen.ts';
import type { Relay } from './relay-fixture.ts';

/**
 * What nginx does, in small: asks `/validate`, answers a denial that belongs into a response, and sends the rest to the relay.
 * @param cookie of the person whom all requests come from
 * @param told what the gate says besides
 */
export async function startFront(relay: Relay, cookie: string, told: Record<string, string>) {
  const pass = async (req: IncomingMessage, res: ServerResponse) => {
    const body = await buffer(req);
    const of = (name: string) => req.headers[name] as string | undefined;
    const asked = {
      'X-Mcp-Server': 'one',
      'X-Original-Method': req.method ?? 'POST',
      'X-Original-URI': '/one/mcp',
      'Mcp-Session-Id': of('mcp-session-id') ?? null,
      'MCP-Protocol-Version': of('mcp-protocol-version') ?? null,
      'Mcp-Method': of('mcp-method') ?? null,
      'Mcp-Name': of('mcp-name') ?? null,
      ...told,
      cookie,
    };
    const judged = await relay.auth.validate(asked, new Uint8Array(body));
    const { headers } = judged;
    if (judged.status !== 200) {
      const status = headers.get('x-deny-in-band') === '1' ? 200 : Number(headers.get('x-deny-status'));
      return void res.writeHead(status, { 'content-type': 'application/json' }).end(headers.get('x-deny-body'));
    }
    const authorization = headers.get('x-upstream-authorization');
    const passed = Object.entries(req.headers).filter(([name]) => /^(mcp-|accept$|content-type$)/.test(name));
    const answer = await relay.sendRaw(req.method ?? 'POST', body, {
      ...Object.fromEntries(passed),
      'x-relay': headers.get('x-relay') ?? '',
      'x-mcp-assertion': headers.get('x-mcp-assertion') ?? '',
      ...(authorization !== null && { authorization }),
    });
    res.writeHead(answer.statusCode ?? 502, answer.headers);
    answer.pipe(res);
    res.once('close', () => answer.destroy());
  };
  const { port, close } = await listen((req, res) => {
    pass(req, res).catch((error: unknown) => res.writeHead(500).end(String(error)));
  });
  return { url: new URL(`http://127.0.0.1:${port}/one/mcp`), close };
}
