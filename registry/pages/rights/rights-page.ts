import type { RequestHandler } from 'express';
import type { KnownTools } from '../../../policy/known-tools.ts';
import type { Policy } from '../../../policy/policy.ts';
import { lifecycle, methods } from '../../../policy/request/methods.ts';
import { mayUseUiEverywhere } from '../../../policy/ui.ts';
import type { Catalogue, CatalogueEntry } from '../../access/catalogue.ts';
import { personOf } from '../../access/guards.ts';
import type { LimitsDoor } from '../../doors/limits.ts';
import { ownLimits } from '../limits/own-limits.ts';
import type { Render, View } from '../shared/render.ts';
import { answerTo, questionIn } from './explained.ts';
import { findServers, readFind } from './find.ts';
import { rightsOf } from './rights.ts';

const offered = [...methods.keys(), ...[...lifecycle].filter((method) => !method.startsWith('('))];

interface RightsParts {
  catalogue: Catalogue;
  policy: () => Policy;
  knownTools: () => KnownTools;
  limits: Pick<LimitsDoor, 'own'>;
}

/** `GET /rights`: what the person may do here, why, and what would permit more. */
export function showRights(
  { catalogue, policy, knownTools, limits: door }: RightsParts,
  render: Render,
): RequestHandler {
  return async (req, res) => {
    const person = personOf(req);
    const servers = catalogue.list(person);
    const found = findServers(servers, readFind(req.query));
    const rights = rightsOf(policy(), person, found.shown, servers, knownTools());
    // The form reveals all groups and what others may do.
    const mayExplain = mayUseUiEverywhere(policy(), person.scopes, 'modify_service');
    const explain = mayExplain ? explainForm(policy(), req.query, servers, knownTools()) : undefined;
    const limits = await ownLimits(door, rights.limits, req.get('x-mcp-assertion') ?? '');
    const view = { title: 'My rights', person, found, ...rights, limits, explain };
    render<View & typeof view>(res, 200, 'list/rights', view);
  };
}

function explainForm(
  policy: Policy,
  query: Readonly<Record<string, unknown>>,
  servers: readonly CatalogueEntry[],
  tools: KnownTools | undefined,
) {
  const asked = questionIn(query);
  const answer = query.who === undefined ? undefined : answerTo(policy, asked, { servers, tools });
  const { groups, scopes, ui } = policy.source;
  return {
    asked,
    ...(typeof answer === 'string' ? { answer: undefined, fault: answer } : { answer, fault: '' }),
    methods: offered,
    groups: [...groups.keys()],
    scopes: [...new Set([...scopes.keys(), ...ui.keys()])],
    servers: servers.map(({ name }) => name),
  };
}
