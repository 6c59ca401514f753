import type { RequestHandler } from 'express';
import type { Catalogue } from '../catalogue.ts';
import { personOf } from '../guards.ts';
import type { Render } from './render.ts';

/** `GET /`: the servers this person may see. */
export function showServers(catalogue: Catalogue, render: Render): RequestHandler {
  return (req, res) => {
    const person = personOf(req);
    const servers = catalogue.list(person);
    render(res, 200, 'servers', { title: 'Servers', person, servers, none: catalogue.isEmpty() });
  };
}
