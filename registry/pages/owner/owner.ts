import { type Response, Router } from 'express';
import { formOf, readForm } from '../../access/body.ts';
import { actorOf, type Named, type Person, personOf } from '../../access/guards.ts';
import { requireOwnPage } from '../../access/own-page.ts';
import { serverFor } from '../../access/permissions.ts';
import { RegistryError } from '../../errors/registry-error.ts';
import type { Owner, RegisteredServer } from '../../servers/server.ts';
import type { FormOptions } from '../forms/form-page.ts';
import { revisionIn } from '../forms/server-form.ts';
import { noteOn } from '../shared/notes.ts';
import type { View } from '../shared/render.ts';

const mostPeople = 100;

interface Choice extends Owner {
  words: string;
  isChosen: boolean;
}

/** `GET /servers/:name/owner`, which says who owns a server, and `POST` to the same address, which names another owner or none. */
export function createOwnerPages(options: Omit<FormOptions, 'connect' | 'upstreamAuth' | 'catalogue'>): Router {
  const { publicUrl, editor, store, notes, render } = options;
  const pages = Router({ caseSensitive: true, strict: true });
  const show = async (req: Named, res: Response, status: number, server: RegisteredServer, fault = '') => {
    const person = personOf(req);
    const choices = choicesOf(person, server, await store.actors(mostPeople));
    const view = { title: `Owner of ${server.title}`, person, server, choices, fault };
    render<View & typeof view>(res, status, 'owner/owner', view);
  };
  pages.get('/servers/:name/owner', async (req: Named, res) => {
    await show(req, res, 200, serverFor(options, personOf(req), 'modify_service', req.params.name));
  });
  pages.post('/servers/:name/owner', requireOwnPage(publicUrl), readForm, async (req: Named, res) => {
    const person = personOf(req);
    const server = serverFor(options, person, 'modify_service', req.params.name);
    const form = formOf(req);
    const sub = form.get('owner') ?? '';
    const owner = choicesOf(person, server, await store.actors(mostPeople)).find((each) => each.sub === sub);
    if (sub !== '' && !owner) return await show(req, res, 400, server, 'Choose one of the people below, or no owner.');
    try {
      const named = owner ? { sub: owner.sub, username: owner.username } : null;
      const edited = await editor.setOwner(person, server.name, named, revisionIn(form));
      const text = owner ? `${owner.username} owns “${server.title}”.` : `“${server.title}” has no owner.`;
      res.redirect(303, notes.leave(person, `/servers/${server.name}`, noteOn(text, edited)));
    } catch (error) {
      if (!(error instanceof RegistryError) || error.code !== 'changed_meanwhile') throw error;
      await store.refresh();
      await show(req, res, 409, store.get(server.name) ?? server, error.message);
    }
  });
  return pages;
}

/** The people who can be named: this one, the owner, and those who have changed servers. */
function choicesOf(person: Person, { owner }: RegisteredServer, actors: readonly Owner[]): Choice[] {
  const own = actorOf(person);
  const others = [...(owner ? [owner] : []), ...actors].filter(({ sub }) => sub !== own.sub);
  const unique = [...new Map(others.map((each) => [each.sub, each])).values()];
  return [own, ...unique].map((each) => ({
    ...each,
    words: each.sub === own.sub ? `${each.username} (you)` : each.username,
    isChosen: each.sub === owner?.sub,
  }));
}
