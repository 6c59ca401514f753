import { type Request, type RequestHandler, type Response, Router } from 'express';
import * as z from 'zod';
import type { Policy } from '../../policy/policy.ts';
import { readJson } from '../access/body.ts';
import type { Catalogue } from '../access/catalogue.ts';
import { type ChangingTool, type Named, personOf } from '../access/guards.ts';
import { notChecked, serverDisabled, serverFor } from '../access/permissions.ts';
import type { Edited } from '../editing/apply.ts';
import type { Editor } from '../editing/editor.ts';
import { isSet, type RegisteredServer } from '../servers/server.ts';
import type { Health } from '../servers/server-health.ts';
import {
  readApplied,
  readOwner,
  readPatch,
  readRegistration,
  readReplacement,
  readSeen,
} from '../servers/server-input.ts';
import type { ServerStore } from '../store/servers.ts';
import { serverDetails, toDetails } from './servers.ts';
import { type Answer, name, status, time, tool } from './shared/answer.ts';

export interface EditApiOptions {
  /** Requires the caller's own assertion, or one for a call of this tool of mcpgw. */
  guard: (tool?: ChangingTool) => RequestHandler;
  catalogue: Catalogue;
  store: ServerStore;
  policy: () => Policy;
  editor: Editor;
  check: (server: RegisteredServer) => Promise<Health>;
}

/** The answer to every change of a server. */
export const editedAnswer = z.strictObject({
  server: serverDetails.nullable().describe('null once it is deleted, or if the caller may not see it.'),
  route: z.enum(['ok', 'unknown']).describe('unknown: nginx has not accepted the routes within ten seconds.'),
  warnings: z.array(z.string()),
});

/** The answer of `POST /servers/:name/check`. */
export const checkedAnswer = z.strictObject({
  name,
  status,
  checked_at: time.nullable(),
  error: z.string().nullable(),
  tools: z.array(tool),
});

/**
 * The writing routes of the JSON API, mounted at `/api`: `POST /servers`, `PUT`, `PATCH` and `DELETE /servers/:name`, and
 * `POST /servers/:name/enable`, `/disable`, `/owner` and `/check`.
 */
export function createEditApi(options: EditApiOptions): Router {
  const { guard, catalogue, editor, check } = options;
  const api = Router({ caseSensitive: true, strict: true });
  const write = (tool?: ChangingTool) => [guard(tool), readJson()];
  const answer = (req: Request, res: Response, status: number, name: string, { route, warnings }: Edited) => {
    const entry = catalogue.get(personOf(req), name);
    const edited: Answer<typeof editedAnswer> = { server: entry ? toDetails(entry) : null, route, warnings };
    res.status(status).json(edited);
  };

  api.post('/servers', ...write('register_service'), async (req, res) => {
    const settings = readRegistration(req.body);
    const edited = await editor.register(personOf(req), settings, readApplied(req.query).applied_from);
    res.location(`/api/servers/${settings.name}`);
    answer(req, res, 201, settings.name, edited);
  });
  api.put('/servers/:name', ...write(), async (req: Named, res) => {
    const { name } = req.params;
    const { applied_from: from } = readApplied(req.query);
    const edited = await editor.edit(personOf(req), name, (now) => readReplacement(req.body, now), from);
    answer(req, res, 200, name, edited);
  });
  api.patch('/servers/:name', ...write(), async (req: Named, res) => {
    const { name } = req.params;
    answer(req, res, 200, name, await editor.edit(personOf(req), name, (now) => readPatch(req.body, now)));
  });
  api.delete('/servers/:name', ...write('remove_service'), async (req: Named, res) => {
    const { name } = req.params;
    answer(req, res, 200, name, await editor.remove(personOf(req), name, seenIn(req)));
  });
  api.post('/servers/:name/owner', ...write(), async (req: Named, res) => {
    const { name } = req.params;
    const { owner, revision } = readOwner(req.body);
    answer(req, res, 200, name, await editor.setOwner(personOf(req), name, owner, revision));
  });
  const toggle = (verb: string, enabled: boolean) =>
    api.post(`/servers/:name/${verb}`, ...write('toggle_service'), async (req: Named, res) => {
      const { name } = req.params;
      answer(req, res, 200, name, await editor.toggle(personOf(req), name, enabled, seenIn(req)));
    });
  toggle('enable', true);
  toggle('disable', false);
  api.post('/servers/:name/check', ...write('refresh_service'), async (req: Named, res) => {
    const { name } = req.params;
    const server = serverFor(options, personOf(req), 'health_check_service', name);
    if (!server.enabled) throw serverDisabled(`"${name}"`);
    if (isSet(server)) throw notChecked(server);
    const { status, checkedAt, error, tools } = await check(server);
    const checked = { name, status, checked_at: checkedAt?.toISOString() ?? null, error, tools };
    res.json(checked satisfies Answer<typeof checkedAnswer>);
  });
  return api;
}

function seenIn(req: Request): number | undefined {
  return readSeen(req.body ?? {}).revision;
}
