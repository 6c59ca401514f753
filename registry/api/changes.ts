import { Router } from 'express';
import * as z from 'zod';
import type { Policy } from '../../policy/policy.ts';
import { mayUseUi, type UiPermission } from '../../policy/ui.ts';
import { personOf } from '../access/guards.ts';
import { readInput } from '../errors/read-input.ts';
import type { ServerChange } from '../store/change-log.ts';
import type { RegistryStore } from '../store/store.ts';
import { type Answer, name, time } from './shared/answer.ts';

/** The query of `GET /changes`. */
export const changesQuery = z.object({
  server: z.string().optional(),
  before: z.coerce.number('must be a number').int().min(1).optional(),
  limit: z.coerce
    .number('must be a number from 1 to 200')
    .int('must be a whole number')
    .min(1, 'must be 1 or more')
    .max(200, 'must be 200 or less')
    .default(50),
});

const change = z.strictObject({
  id: z.int(),
  at: time,
  server: name,
  action: z.string(),
  by: z.string(),
  fields: z
    .array(z.strictObject({ field: z.string(), from: z.unknown().optional(), to: z.unknown().optional() }))
    .describe('`from` and `to` only if the caller may change the server: one of them says where it runs.'),
});

/** The answer of `GET /changes`. */
export const changesAnswer = z.strictObject({
  changes: z.array(change),
  next: z.int().nullable().describe('`before` of the following page; null at the end.'),
});

/**
 * `GET /changes?server=&before=&limit=`, mounted at `/api`: who changed what and when, newest first, for the servers that the
 * caller may see, deleted ones included.
 */
export function createChangesApi(store: RegistryStore, policy: () => Policy): Router {
  const api = Router({ caseSensitive: true, strict: true });
  api.get('/changes', async (req, res) => {
    const { scopes } = personOf(req);
    const may = (permission: UiPermission, server: string) => mayUseUi(policy(), scopes, permission, server);
    const message = 'server is a name; before and limit are numbers.';
    const { server, before, limit } = readInput(changesQuery, req.query, () => message);
    const known = (await store.namesEver()).filter((each) => server === undefined || each === server);
    const servers = known.filter((each) => may('list_service', each));
    const changes = await store.changes({ servers, before, limit });
    const answer: Answer<typeof changesAnswer> = {
      changes: changes.map((each) => toJson(each, may('modify_service', each.server))),
      next: (changes.length === limit && changes.at(-1)?.id) || null,
    };
    res.json(answer);
  });
  return api;
}

function toJson({ at, by, fields, ...rest }: ServerChange, withValues: boolean): Answer<typeof change> {
  return {
    ...rest,
    at: at.toISOString(),
    by: by.username,
    fields: Object.entries(fields).map(([field, values]) => (withValues ? { field, ...values } : { field })),
  };
}
