import type { RequestHandler } from 'express';
import type { Catalogue, CatalogueEntry } from '../catalogue.ts';
import { personOf } from '../guards.ts';
import { notFound } from '../permissions.ts';
import type { Render } from './render.ts';

/** `GET /servers/:name`: one server, its tools, and how to connect to it. */
export function showServer(catalogue: Catalogue, render: Render): RequestHandler<{ name: string }> {
  return (req, res) => {
    const person = personOf(req);
    const server = catalogue.get(person, req.params.name);
    if (!server) throw notFound();
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
