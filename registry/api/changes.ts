import { Router } from 'express';
import * as z from 'zod';
import type { Policy } from '../../policy/policy.ts';
import { mayUseUi } from '../../policy/ui.ts';
import { personOf } from '../access/guards.ts';
import { RegistryError } from '../errors/registry-error.ts';
import type { ServerChange } from '../store/change-log.ts';
import type { RegistryStore } from '../store/store.ts';

/** The query of `GET /changes`. */
export const changesQuery = z.object({
  server: z.string().optional(),
  before: z.coerce.number('must be a number').int().min(1).optional(),
  limit: z.coerce.number('must be a number').int().min(1).max(200).default(50),
});

/**
 * `GET /changes?server=&before=&limit=`, mounted at `/api`: who changed what when, the newest first, of servers that the
 * caller may see, those that are no more included. → `{changes: [{id, at, server, action, by, fields: [{field}]}], next}`;
 * `from` and `to` of the fields only for who may change the server, because one of them says where it runs. `next` is
 * the `before` of the following page, or null.
 */
export function createChangesApi(store: RegistryStore, policy: () => Policy): Router {
  const api = Router({ caseSensitive: true, strict: true });
  api.get('/changes', async (req, res) => {
    const { scopes } = personOf(req);
    const asked = changesQuery.safeParse(req.query);
    if (!asked.success) {
      const faults = asked.error.issues.map(({ path, message }) => ({ path: path.join('.'), message }));
      throw new RegistryError('input_invalid', 'server is a name; before and limit are numbers.', { faults });
    }
    const { server, before, limit } = asked.data;
    const known = (await store.namesEver()).filter((name) => server === undefined || name === server);
    const servers = known.filter((name) => mayUseUi(policy(), scopes, 'list_service', name));
    const changes = await store.changes({ servers, before, limit });
    const mayChange = (name: string) => mayUseUi(policy(), scopes, 'modify_service', name);
    res.set('Cache-Control', 'no-store');
    res.json({
      changes: changes.map((change) => toJson(change, mayChange(change.server))),
      next: changes.length === limit ? changes.at(-1)?.id : null,
    });
  });
  return api;
}

function toJson({ id, at, server, action, by, fields }: ServerChange, withValues: boolean) {
  return {
    id,
    at: at.toISOString(),
    server,
    action,
    by: by.username,
    fields: Object.entries(fields).map(([field, values]) => (withValues ? { field, ...values } : { field })),
  };
}
