import type { RequestHandler } from 'express';
import { mostNear } from '../../../common/doors/limits.ts';
import type { Policy } from '../../../policy/policy.ts';
import { personOf } from '../../access/guards.ts';
import { requireViewPeople } from '../../access/view-people.ts';
import type { LimitsDoor } from '../../doors/limits.ts';
import { cleaned } from '../shared/format.ts';
import type { Render, View } from '../shared/render.ts';
import { shownLimit } from './words.ts';

const longestName = 60;

interface NearParts {
  policy: () => Policy;
  limits: LimitsDoor;
}

/** `GET /access/limits`: the callers who have used half of a limit, those nearest to it first. It takes `view_people`. */
export function showNearLimits({ policy, limits }: NearParts, render: Render): RequestHandler {
  return async (req, res) => {
    const person = personOf(req);
    requireViewPeople(policy(), person);
    const { near, state } = await limits.near(req.get('x-mcp-assertion') ?? '');
    const rows = near.map(({ kind, name, sub, id, ...used }) => {
      return { kind, name: cleaned(name, longestName), sub, id, ...shownLimit(used) };
    });
    const view = { title: 'Limits', person, rows, state, isCut: near.length === mostNear, mostNear };
    render<View & typeof view>(res, 200, 'limits/near', view);
  };
}
