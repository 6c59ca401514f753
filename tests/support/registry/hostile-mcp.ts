import type { RequestListener, ServerResponse } from 'node:http';
import { json } from 'node:stream/consumers';

/** A JSON-RPC request as the check sends it. */
export interface Asked {
  id: string | number | undefined;
  method: string;
}

/** Answers a request itself, or returns the JSON text of the result. */
export type HostileAnswer = (asked: Asked, res: ServerResponse) => string | undefined;

export const capabilities = '{"tools":{},"prompts":{},"resources":{}}';
const emptyLists: Record<string, string> = {
  'tools/list': '{"tools":[{"name":"plain"}]}',
  'prompts/list': '{"prompts":[]}',
  'resources/list': '{"resources":[]}',
  'resources/templates/list': '{"resourceTemplates":[]}',
};

/** The text of a response with this result. */
export const response = ({ id }: Asked, result: string) =>
  `{"jsonrpc":"2.0","id":${JSON.stringify(id)},"result":${result}}`;

/** The result of `initialize`, with other capabilities or members. */
export const initialized = (offered = capabilities, more = '') =>
  `{"protocolVersion":"2025-11-25","serverInfo":{"name":"evil","version":"1"},"capabilities":${offered}${more}}`;

/**
 * An MCP server of 2025-11-25 without sessions, which answers some methods in its own way.
 * @param by how it sends a result
 */
export function hostileMcp(
  own: Record<string, HostileAnswer>,
  by: 'json' | 'stream' = 'json',
  onAsked: (asked: Asked) => void = () => undefined,
): RequestListener {
  return async (req, res) => {
    if (req.method !== 'POST') return void res.writeHead(405).end();
    const asked = (await json(req)) as Asked;
    onAsked(asked);
    if (asked.id === undefined) return void res.writeHead(202).end();
    const usual = asked.method === 'initialize' ? initialized() : emptyLists[asked.method];
    const answer = own[asked.method];
    const result = answer ? answer(asked, res) : usual;
    if (answer && result === undefined) return;
    const text =
      result === undefined
        ? `{"jsonrpc":"2.0","id":${JSON.stringify(asked.id)},"error":{"code":-32601,"message":"unknown"}}`
        : response(asked, result);
    if (by === 'json') return void res.writeHead(200, { 'content-type': 'application/json' }).end(text);
    res.writeHead(200, { 'content-type': 'text/event-stream' }).end(`event: message\ndata: ${text}\n\n`);
  };
}
