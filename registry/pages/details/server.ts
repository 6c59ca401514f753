import type { RequestHandler } from 'express';
import { personOf } from '../../access/guards.ts';
import { notFound } from '../../access/permissions.ts';
import type { Render, View } from '../shared/render.ts';
import { type DetailsParts, detailsFor } from './details.ts';
import { serverLive } from './live-parts.ts';

/** `GET /servers/:name`: one server, its health, what it offers, who may use it, and how to connect to it. */
export function showServer(parts: DetailsParts, render: Render): RequestHandler<{ name: string }> {
  return async (req, res) => {
    const person = personOf(req);
    const details = await detailsFor(parts, person, req.params.name);
    if (!details) throw notFound();
    const view = { title: details.server.title, person, details, live: serverLive(details) };
    render<View & typeof view>(res, 200, 'server', view);
  };
}
