import type { RequestHandler } from 'express';
import { personOf } from '../guards.ts';
import { notFound } from '../permissions.ts';
import { type DetailsParts, detailsFor } from './details/details.ts';
import { serverLive } from './live/server.ts';
import type { Render } from './render.ts';

/** `GET /servers/:name`: one server, how it is, what it offers, who may use it, and how to connect to it. */
export function showServer(parts: DetailsParts, render: Render): RequestHandler<{ name: string }> {
  return async (req, res) => {
    const person = personOf(req);
    const details = await detailsFor(parts, person, req.params.name);
    if (!details) throw notFound();
    const { title } = details.server;
    render(res, 200, 'server', { title, person, details, live: serverLive(details) });
  };
}
