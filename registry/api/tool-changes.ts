import { type RequestHandler, Router } from 'express';
import * as z from 'zod';
import type { Policy } from '../../policy/policy.ts';
import { readJson } from '../access/body.ts';
import type { Catalogue } from '../access/catalogue.ts';
import { actorOf, type Named, personOf } from '../access/guards.ts';
import { notFound, requireRight } from '../access/permissions.ts';
import { readInput } from '../errors/read-input.ts';
import type { ApprovedDefinitions } from '../pins/approved-definitions.ts';
import { toolChanges } from '../pins/changes.ts';
import { hintRightOf } from '../pins/hint-gains.ts';
import { readOnlyTools } from '../pins/read-only.ts';
import type { Answer } from './shared/answer.ts';

export interface ToolChangesOptions {
  /** Requires a person, for writes. */
  guard: RequestHandler;
  catalogue: Catalogue;
  policy: () => Policy;
  definitions: ApprovedDefinitions;
  onApproved: () => Promise<void>;
}

/** The answer of `GET /servers/:name/tools/read-only`. */
export const readOnlyNames = z.strictObject({
  tools: z.array(z.string()).describe('Whose approved definition says that they only read.'),
});

/** The tools to approve, each with the hash of the definition that the person has seen. */
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

/**
 * `GET /servers/:name/tools/changes` and `GET /servers/:name/tools/read-only`, for people who may see the server, and `POST /servers/:name/tools/approve` for those
 * with `modify_service`, all mounted at `/api`. The first and the last answer with the changes. `changed_meanwhile` (409): a hash is neither
 * that of the waiting definition, nor the approved one, which rejects the waiting definition.
 */
export function createToolChangesApi(options: ToolChangesOptions): Router {
  const { guard, catalogue, policy, definitions, onApproved } = options;
  const api = Router({ caseSensitive: true, strict: true });
  const changesOf = async (req: Named) => {
    const entry = catalogue.get(personOf(req), req.params.name);
    if (!entry) throw notFound();
    const { name, health } = entry;
    return toolChanges(name, await definitions.of(name), health.details?.announced ? health.tools : undefined);
  };
  api.get('/servers/:name/tools/changes', async (req: Named, res) => {
    res.json(await changesOf(req));
  });
  api.get('/servers/:name/tools/read-only', async (req: Named, res) => {
    const { name } = catalogue.get(personOf(req), req.params.name) ?? {};
    if (name === undefined) throw notFound();
    res.json({ tools: readOnlyTools(await definitions.of(name)) } satisfies Answer<typeof readOnlyNames>);
  });
  api.post('/servers/:name/tools/approve', guard, readJson(), async (req: Named, res) => {
    const { name } = req.params;
    const person = personOf(req);
    requireRight(policy(), person, 'modify_service', name);
    if (!catalogue.get(person, name)) throw notFound();
    const message = 'Send {"tools": [{"name", "hash"}]} with the hashes that you saw.';
    const { tools } = readInput(approvalInput, req.body, () => message);
    await definitions.approve(name, tools, actorOf(person), hintRightOf(policy(), person, name));
    await onApproved();
    res.json(await changesOf(req));
  });
  return api;
}
