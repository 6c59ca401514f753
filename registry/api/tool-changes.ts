import { type Request, type RequestHandler, Router } from 'express';
import * as z from 'zod';
import type { Policy } from '../../policy/policy.ts';
import { readJson } from '../access/body.ts';
import type { Catalogue } from '../access/catalogue.ts';
import { personOf } from '../access/guards.ts';
import { notFound, requireRight } from '../access/permissions.ts';
import { RegistryError } from '../errors/registry-error.ts';
import type { ApprovedDefinitions } from '../pins/approved-definitions.ts';
import { toolChanges } from '../pins/changes.ts';

export interface ToolChangesOptions {
  /** Who may write at all. */
  guard: RequestHandler;
  catalogue: Catalogue;
  policy: () => Policy;
  definitions: ApprovedDefinitions;
  /** Told when something was approved. */
  onApproved: () => Promise<void>;
}

/** What is approved: each tool by the hash of the definition that the person has looked at. */
export const approvalInput = z.strictObject({
  tools: z
    .array(
      z.strictObject({
        name: z.string('must be the name of a tool').min(1).max(256),
        hash: z.string().regex(/^[0-9a-f]{64}$/, 'must be the hash that the changes show'),
      }),
    )
    .min(1, 'must name a tool')
    .max(1_000),
});

type Named = Request<{ name: string }>;

/**
 * `GET /servers/:name/tools/changes` → `{server, first_seen_at, tools: [{name, state, hash, approved_hash, since,
 * shows_approved, differences}]}`, for who may see the server; `POST /servers/:name/tools/approve` with `{tools: [{name,
 * hash}]}` → the same afterwards, for who has `modify_service`; 409 `changed_meanwhile` if a hash is not the one that
 * waits, nor the approved one (which rejects what waits). Mounted at `/api`.
 */
export function createToolChangesApi({
  guard,
  catalogue,
  policy,
  definitions,
  onApproved,
}: ToolChangesOptions): Router {
  const api = Router({ caseSensitive: true, strict: true });
  const changesOf = async (req: Named) => {
    const entry = catalogue.get(personOf(req), req.params.name);
    if (!entry) throw notFound();
    return toolChanges(
      entry.name,
      await definitions.of(entry.name),
      entry.health.details?.announced ? entry.health.tools : undefined,
    );
  };
  api.get('/servers/:name/tools/changes', async (req: Named, res) => {
    res.set('Cache-Control', 'no-store').json(await changesOf(req));
  });
  api.post('/servers/:name/tools/approve', guard, readJson(), async (req: Named, res) => {
    const { name } = req.params;
    const person = personOf(req);
    requireRight(policy(), person, 'modify_service', name);
    if (!catalogue.get(person, name)) throw notFound();
    const input = approvalInput.safeParse(req.body);
    if (!input.success) {
      const faults = input.error.issues.map(({ path, message }) => ({ path: path.join('.'), message }));
      throw new RegistryError('input_invalid', 'Send {"tools": [{"name", "hash"}]} with the hashes that you saw.', {
        faults,
      });
    }
    await definitions.approve(name, input.data.tools, { sub: person.sub, username: person.username });
    await onApproved();
    res.set('Cache-Control', 'no-store').json(await changesOf(req));
  });
  return api;
}
