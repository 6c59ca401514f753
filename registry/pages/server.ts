import type { RequestHandler } from 'express';
import type { Catalogue, CatalogueEntry } from '../catalogue.ts';
import { RegistryError } from '../errors.ts';
import { personOf } from '../guards.ts';
import type { Render } from './render.ts';

/** `GET /servers/:name`: one server, its tools, and how to connect to it. */
export function showServer(catalogue: Catalogue, render: Render): RequestHandler<{ name: string }> {
  return (req, res) => {
    const person = personOf(req);
    const server = catalogue.get(person, req.params.name);
    if (!server) throw new RegistryError('not_found', 'There is no such server, or you may not see it.');
    render(res, 200, 'server', { title: server.title, person, server, snippet: clientConfig(server) });
  };
}

/** The configuration that MCP clients read, for the newest transport the server has. */
function clientConfig({ name, endpoints }: CatalogueEntry): string {
  const [endpoint] = endpoints;
  if (!endpoint) return '';
  const type = endpoint.transport === 'sse' ? 'sse' : 'http';
  const server = { type, url: endpoint.url, headers: { Authorization: 'Bearer <token>' } };
  return JSON.stringify({ mcpServers: { [name]: server } }, null, 2);
}
