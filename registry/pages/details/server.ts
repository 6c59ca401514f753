import type { RequestHandler } from 'express';
import { type Person, personOf } from '../../access/guards.ts';
import { notFound } from '../../access/permissions.ts';
import type { Render, View } from '../shared/render.ts';
import { type Details, type DetailsParts, detailsFor } from './details.ts';
import { serverLive } from './live-parts.ts';

/** The page of one server. */
interface ServerView extends View {
  person: Person;
  details: Details;
  /** Address of the page's event stream. */
  live: string;
}

/** `GET /servers/:name`: one server, its health, what it offers, who may use it, and how to connect to it. */
export function showServer(parts: DetailsParts, render: Render): RequestHandler<{ name: string }> {
  return async (req, res) => {
    const person = personOf(req);
    const details = await detailsFor(parts, person, req.params.name);
    if (!details) throw notFound();
    const { title } = details.server;
    render<ServerView>(res, 200, 'server', { title, person, details, live: serverLive(details) });
  };
}
