import { type Response, Router } from 'express';
import { formOf, readForm } from '../../access/body.ts';
import { type Named, personOf } from '../../access/guards.ts';
import { requireOwnPage } from '../../access/own-page.ts';
import { serverFor } from '../../access/permissions.ts';
import { RegistryError } from '../../errors/registry-error.ts';
import { isFixedName } from '../../servers/names.ts';
import type { RegisteredServer } from '../../servers/server.ts';
import { noteOn } from '../shared/notes.ts';
import type { View } from '../shared/render.ts';
import { isNoted } from './actions.ts';
import type { FormOptions } from './form-page.ts';
import { revisionIn } from './server-form.ts';

/** `GET /servers/:name/delete`, which asks first, and `POST` to the same address, which deletes. */
export function createDeletePages(options: FormOptions): Router {
  const { publicUrl, editor, notes, render } = options;
  const pages = Router({ caseSensitive: true, strict: true });
  const ask = (req: Named, res: Response, status: number, fault: string) => {
    const server = deletable(options, req);
    const title = `Delete ${server.title}`;
    const view = { title, person: personOf(req), server, fault };
    render<View & typeof view>(res, status, 'forms/delete-server', view);
  };
  pages.get('/servers/:name/delete', (req: Named, res) => ask(req, res, 200, ''));
  pages.post('/servers/:name/delete', requireOwnPage(publicUrl), readForm, async (req: Named, res) => {
    const person = personOf(req);
    const server = deletable(options, req);
    const revision = revisionIn(formOf(req));
    try {
      // Required here, unlike in the API: our page always sends the revision that the person has seen.
      if (revision !== server.revision) throw changedSince(server);
      const edited = await editor.remove(person, server.name, revision);
      res.redirect(303, notes.leave(person, '/', noteOn(`“${server.title}” is deleted.`, edited)));
    } catch (error) {
      if (!isNoted(error)) throw error;
      ask(req, res, error.status, (error.code === 'changed_meanwhile' ? changedSince(server) : error).message);
    }
  });
  return pages;
}

function deletable(options: FormOptions, req: Named): RegisteredServer {
  const server = serverFor(options, personOf(req), 'modify_service', req.params.name);
  if (!isFixedName(server.name)) return server;
  throw new RegistryError('name_fixed', `“${server.title}” belongs to the gateway itself. You can disable it instead.`);
}

function changedSince({ title }: RegisteredServer): RegistryError {
  const message = `“${title}” was changed after you opened this page. Look at it again, and delete it if you still want to.`;
  return new RegistryError('changed_meanwhile', message);
}
