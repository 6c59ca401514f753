import { type Request, type RequestHandler, type Response, Router } from 'express';
import type { Policy } from '../../../policy/policy.ts';
import type { Catalogue } from '../../access/catalogue.ts';
import { personOf } from '../../access/guards.ts';
import { notFound, requireRight } from '../../access/permissions.ts';
import type { Edited, Editor } from '../../editing/editor.ts';
import { type ErrorCode, RegistryError } from '../../errors/registry-error.ts';
import { isFixedName } from '../../servers/names.ts';
import type { RegisteredServer } from '../../servers/server.ts';
import type { Health } from '../../servers/server-health.ts';
import type { RegistryStore } from '../../store/store.ts';
import type { Render } from '../shared/render.ts';
import { formOf, readForm, requireOwnPage, revisionIn } from './form-body.ts';
import type { Note, Notes } from './notes.ts';

export interface ActionOptions {
  publicUrl: string;
  catalogue: Catalogue;
  store: RegistryStore;
  policy: () => Policy;
  editor: Editor;
  check: (server: RegisteredServer) => Promise<Health>;
  render: Render;
  notes: Notes;
}

type Named = Request<{ name: string }>;

/** Refusals that are said on the page that the form was on; all others have a page of their own. */
const toldThere: ReadonlySet<ErrorCode> = new Set([
  'upstream_refused',
  'route_refused',
  'changed_meanwhile',
  'server_disabled',
  'name_fixed',
]);

/**
 * What buttons do: `POST /servers/:name/enable`, `/disable`, `/check` and `/delete`, each a form that leads back (303) to the
 * page that its field `back` names, with a note on what came of it; and `GET /servers/:name/delete`, which asks first.
 */
export function createActions(options: ActionOptions): Router {
  const { publicUrl, store, policy, editor, check, render, notes } = options;
  const pages = Router({ caseSensitive: true, strict: true });
  const write: RequestHandler[] = [requireOwnPage(publicUrl), readForm];
  const told = async (req: Named, res: Response, work: () => Promise<[Note, back?: string]>) => {
    const back = pageToGoBackTo(req);
    const [note, where = back] = await work().catch((error: unknown): [Note] => {
      if (!(error instanceof RegistryError) || !toldThere.has(error.code)) throw error;
      return [{ tone: 'bad', text: error.message, more: [] }];
    });
    res.redirect(303, notes.leave(personOf(req), where, note));
  };

  for (const [verb, enabled] of [
    ['enable', true],
    ['disable', false],
  ] as const) {
    pages.post(`/servers/:name/${verb}`, ...write, (req: Named, res) =>
      told(req, res, async () => {
        const { name } = req.params;
        const edited = await editor.toggle(personOf(req), name, enabled, revisionIn(formOf(req)));
        return [noteOn(`“${edited.server?.title ?? name}” is ${enabled ? 'enabled' : 'disabled'}.`, edited)];
      }),
    );
  }
  pages.post('/servers/:name/check', ...write, (req: Named, res) =>
    told(req, res, async () => {
      const { name } = req.params;
      requireRight(policy(), personOf(req), 'health_check_service', name);
      const server = store.get(name);
      if (!server) throw notFound();
      if (!server.enabled)
        throw new RegistryError('server_disabled', `“${server.title}” is disabled: enable it first.`);
      return [noteOnCheck(server, await check(server))];
    }),
  );
  pages.get('/servers/:name/delete', (req: Named, res) => {
    const server = deletable(options, req);
    render(res, 200, 'delete-server', { title: `Delete ${server.title}`, person: personOf(req), server, fault: '' });
  });
  pages.post('/servers/:name/delete', ...write, async (req: Named, res) => {
    const person = personOf(req);
    const server = deletable(options, req);
    const revision = revisionIn(formOf(req));
    try {
      // What is to be deleted has to have been looked at: a form without the number was not made by our page.
      if (revision !== server.revision) throw changedSince(server);
      const edited = await editor.remove(person, server.name, revision);
      res.redirect(303, notes.leave(person, '/', noteOn(`“${server.title}” is deleted.`, edited)));
    } catch (error) {
      if (!(error instanceof RegistryError) || !toldThere.has(error.code)) throw error;
      const fault = error.code === 'changed_meanwhile' ? changedSince(server).message : error.message;
      const title = `Delete ${server.title}`;
      render(res, error.status, 'delete-server', { title, person, server: deletable(options, req), fault });
    }
  });
  return pages;
}

function deletable({ policy, store }: ActionOptions, req: Named): RegisteredServer {
  const { name } = req.params;
  requireRight(policy(), personOf(req), 'modify_service', name);
  const server = store.get(name);
  if (!server) throw notFound();
  if (isFixedName(name))
    throw new RegistryError('name_fixed', `“${server.title}” belongs to the gateway itself. It can be disabled.`);
  return server;
}

function changedSince(server: RegisteredServer): RegistryError {
  const message = `Somebody has changed “${server.title}” since you opened this page. Look at it again, and delete it if you still want to.`;
  return new RegistryError('changed_meanwhile', message);
}

/** A note on a change: what was done, and what nginx said to it. */
export function noteOn(text: string, { route, warnings }: Edited): Note {
  if (route === 'ok') return { tone: warnings.length > 0 ? 'wait' : 'good', text, more: warnings };
  const unknown = 'nginx has not said yet whether it takes the new routes. It usually does within a few seconds.';
  return { tone: 'wait', text, more: [unknown, ...warnings] };
}

function noteOnCheck({ title }: RegisteredServer, { status, error, tools }: Health): Note {
  if (status === 'healthy' && error === null)
    return {
      tone: 'good',
      text: `“${title}” answers, with ${tools.length} ${tools.length === 1 ? 'tool' : 'tools'}.`,
      more: [],
    };
  const text = status === 'needs-authentication' ? `“${title}” wants a credential.` : `The check of “${title}” failed.`;
  return { tone: status === 'unhealthy' ? 'bad' : 'wait', text, more: error === null ? [] : [error] };
}

/** The list or a server's page: whatever else a form may name is no place of ours to lead anybody. */
function pageToGoBackTo(req: Named): string {
  const back = formOf(req).get('back') ?? '';
  const isOurs = back.length <= 1_000 && /^\/(?:servers\/[a-z0-9_-]+)?(?:\?[A-Za-z0-9=&%+._~-]*)?$/.test(back);
  return isOurs ? back : `/servers/${encodeURIComponent(req.params.name)}`;
}
