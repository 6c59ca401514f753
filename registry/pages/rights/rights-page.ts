import type { RequestHandler } from 'express';
import type { Policy } from '../../../policy/policy.ts';
import { lifecycle, methods } from '../../../policy/request/methods.ts';
import { mayUseUiEverywhere } from '../../../policy/ui.ts';
import type { Catalogue } from '../../access/catalogue.ts';
import { type Person, personOf } from '../../access/guards.ts';
import type { Render } from '../shared/render.ts';
import { type Asked, answerTo, askedIn, type Explained } from './explained.ts';
import { type Rights, rightsOf } from './rights.ts';

/** What the page is given. */
export interface RightsView extends Rights {
  title: string;
  person: Person;
  /** The form that explains a decision; only for who may change every server. */
  explain:
    | {
        asked: Asked;
        answer: Explained | undefined;
        fault: string;
        methods: readonly string[];
        groups: readonly string[];
        scopes: readonly string[];
        servers: readonly string[];
      }
    | undefined;
}

const offered = [...methods.keys(), ...[...lifecycle].filter((method) => !method.startsWith('('))];

/** `GET /rights`: what the person may do here, why, and what would give them more. */
export function showRights(catalogue: Catalogue, policy: () => Policy, render: Render): RequestHandler {
  return (req, res) => {
    const person = personOf(req);
    const servers = catalogue.list(person);
    const rights = rightsOf(policy(), person, servers);
    // It tells what others may do, and which groups there are.
    const mayExplain = mayUseUiEverywhere(policy(), person.scopes, 'modify_service');
    const explain = mayExplain
      ? explainForm(
          policy(),
          req.query,
          servers.map(({ name }) => name),
        )
      : undefined;
    render(res, 200, 'rights', { title: 'My rights', person, ...rights, explain });
  };
}

function explainForm(
  policy: Policy,
  query: Readonly<Record<string, unknown>>,
  servers: readonly string[],
): RightsView['explain'] {
  const asked = askedIn(query);
  const isAsked = query.who !== undefined;
  const answer = isAsked ? answerTo(policy, asked) : undefined;
  const { groups, scopes, ui } = policy.source;
  return {
    asked,
    answer: typeof answer === 'string' ? undefined : answer,
    fault: typeof answer === 'string' ? answer : '',
    methods: offered,
    groups: [...groups.keys()],
    scopes: [...new Set([...scopes.keys(), ...ui.keys()])],
    servers,
  };
}
