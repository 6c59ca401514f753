import type { Request } from 'express';
import type { Policy } from '../../../policy/policy.ts';
import type { Catalogue } from '../../access/catalogue.ts';
import { personOf } from '../../access/guards.ts';
import { type ReadUsage, readUsageQuery, requireViewActivity } from '../../doors/usage.ts';
import { shownUsage } from '../usage/view.ts';

interface ActivityParts {
  policy: () => Policy;
  catalogue: Pick<Catalogue, 'get'>;
  readUsage: ReadUsage;
}

/**
 * What was called of a server, in the span that the address names.
 * @throws {RegistryError} `not_permitted` without `view_audit` for the server, and as {@link ReadUsage}
 */
export async function activityOf({ policy, catalogue, readUsage }: ActivityParts, req: Request, name: string) {
  const person = personOf(req);
  requireViewActivity(policy(), person, name);
  const query = readUsageQuery({ span: req.query.span, server: name });
  const answer = await readUsage(req.get('x-mcp-assertion') ?? '', query);
  return shownUsage(answer, (server) => catalogue.get(person, server), `/servers/${name}/activity`, name);
}
