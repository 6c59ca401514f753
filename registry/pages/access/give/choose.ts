import type { Request, Response } from 'express';
import { personOf } from '../../../access/guards.ts';
import type { View } from '../../shared/render.ts';
import { holdersOf } from '../shared/holders.ts';
import type { AccessOptions } from '../shared/options.ts';

/**
 * The page that asks for the server, and to whom, before access is given. It is a form without a script.
 * @param lost the name of a server that the person does not see, or that is none; empty if none was named
 */
export function showChoice(options: AccessOptions, req: Request, res: Response, lost = ''): void {
  const { catalogue, policy, render } = options;
  const person = personOf(req);
  const view = {
    ...{ title: 'Give access', person },
    servers: catalogue.list(person).map(({ name, title }) => ({ name, title })),
    holders: holdersOf(policy()),
    lost,
    to: typeof req.query.to === 'string' ? req.query.to : '',
  };
  render<View & typeof view>(res, lost ? 404 : 200, 'access/choose', view);
}
