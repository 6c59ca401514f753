import type { RequestHandler } from 'express';
import type { Policy } from '../../../policy/policy.ts';
import type { Catalogue } from '../../access/catalogue.ts';
import { personOf } from '../../access/guards.ts';
import { requireViewAudit } from '../../doors/decisions.ts';
import { type ReadUsage, readUsageQuery } from '../../doors/usage.ts';
import type { Render, View } from '../shared/render.ts';
import { shownUsage } from './view.ts';

export interface UsageOptions {
  policy: () => Policy;
  catalogue: Pick<Catalogue, 'get'>;
  readUsage: ReadUsage;
}

/** `GET /usage`: what was called in a span of time, of all servers whose decisions the person may see (`view_audit`). */
export function showUsage({ policy, catalogue, readUsage }: UsageOptions, render: Render): RequestHandler {
  return async (req, res) => {
    const person = personOf(req);
    requireViewAudit(policy(), person);
    const { span } = readUsageQuery({ span: req.query.span });
    const answer = await readUsage(req.get('x-mcp-assertion') ?? '', { span });
    const find = (name: string) => catalogue.get(person, name);
    const view = { title: 'Usage', person, usage: shownUsage(answer, find, '/usage') };
    render<View & typeof view>(res, 200, 'usage/usage', view);
  };
}
