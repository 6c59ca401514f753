import { type Request, type RequestHandler, type Response, Router } from 'express';
import type { Policy } from '../../policy/policy.ts';
import { readJson } from '../access/body.ts';
import type { Catalogue } from '../access/catalogue.ts';
import { type ChangingTool, personOf } from '../access/guards.ts';
import { notFound, requireRight } from '../access/permissions.ts';
import type { Edited, Editor } from '../editing/editor.ts';
import { RegistryError } from '../errors/registry-error.ts';
import type { RegisteredServer } from '../servers/server.ts';
import type { Health } from '../servers/server-health.ts';
import { readPatch, readRegistration, readReplacement, readSeen } from '../servers/server-input.ts';
import type { ServerStore } from '../store/store.ts';
import { toDetails } from './routes.ts';

export interface EditApiOptions {
  /** Who may write at all: with an assertion of their own, or one for a call of this tool of mcpgw. */
  guard: (tool?: ChangingTool) => RequestHandler;
  catalogue: Catalogue;
  store: ServerStore;
  policy: () => Policy;
  editor: Editor;
  check: (server: RegisteredServer) => Promise<Health>;
}

type Named = Request<{ name: string }>;

/**
 * The part of the JSON API that changes servers, mounted at `/api`: `POST /servers`, `PUT`, `PATCH` and `DELETE
 * /servers/:name`, `POST /servers/:name/enable`, `/disable` and `/check`. All take JSON only, and answer with
 * `{server, route, warnings}`; `server` is null once it is deleted, or when its author may not see it.
 */
export function createEditApi({ guard, catalogue, store, policy, editor, check }: EditApiOptions): Router {
  const api = Router({ caseSensitive: true, strict: true });
  const write = (tool?: ChangingTool) => [guard(tool), readJson()];
  const answer = (req: Request, res: Response, status: number, name: string, edited: Edited) => {
    const entry = catalogue.get(personOf(req), name);
    const { route, warnings } = edited;
    res.set('Cache-Control', 'no-store').status(status);
    res.json({ server: entry ? toDetails(entry) : null, route, warnings });
  };

  api.post('/servers', ...write('register_service'), async (req, res) => {
    const settings = readRegistration(req.body);
    const edited = await editor.register(personOf(req), settings);
    res.location(`/api/servers/${settings.name}`);
    answer(req, res, 201, settings.name, edited);
  });
  api.put('/servers/:name', ...write(), async (req: Named, res) => {
    const { name } = req.params;
    answer(req, res, 200, name, await editor.edit(personOf(req), name, () => readReplacement(req.body)));
  });
  api.patch('/servers/:name', ...write(), async (req: Named, res) => {
    const { name } = req.params;
    const edited = await editor.edit(personOf(req), name, (now) => readPatch(req.body, now));
    answer(req, res, 200, name, edited);
  });
  api.delete('/servers/:name', ...write('remove_service'), async (req: Named, res) => {
    const { name } = req.params;
    answer(req, res, 200, name, await editor.remove(personOf(req), name, seenIn(req)));
  });
  for (const [verb, enabled] of [
    ['enable', true],
    ['disable', false],
  ] as const) {
    api.post(`/servers/:name/${verb}`, ...write('toggle_service'), async (req: Named, res) => {
      const { name } = req.params;
      answer(req, res, 200, name, await editor.toggle(personOf(req), name, enabled, seenIn(req)));
    });
  }
  api.post('/servers/:name/check', ...write('refresh_service'), async (req: Named, res) => {
    const { name } = req.params;
    requireRight(policy(), personOf(req), 'health_check_service', name);
    const server = store.get(name);
    if (!server) throw notFound();
    if (!server.enabled) throw new RegistryError('server_disabled', `"${name}" is disabled: enable it first.`);
    const { status, checkedAt, error, tools } = await check(server);
    res.set('Cache-Control', 'no-store');
    res.json({ name, status, checked_at: checkedAt?.toISOString() ?? null, error, tools });
  });
  return api;
}

function seenIn(req: Request): number | undefined {
  return readSeen(req.body ?? {}).revision;
}
