import type { RequestHandler } from 'express';
import type { Policy } from '../../../policy/policy.ts';
import { lifecycle, methods } from '../../../policy/request/methods.ts';
import { mayUseUiEverywhere } from '../../../policy/ui.ts';
import type { Catalogue } from '../../access/catalogue.ts';
import { type Person, personOf } from '../../access/guards.ts';
import type { Render, View } from '../shared/render.ts';
import { answerTo, type Explained, type Question, questionIn } from './explained.ts';
import { type Rights, rightsOf } from './rights.ts';

/** The page of a person's rights. */
interface RightsView extends Rights, View {
  person: Person;
  /** The form that explains a decision; undefined unless the person may change every server. */
  explain: ExplainForm | undefined;
}

interface ExplainForm {
  asked: Question;
  answer: Explained | undefined;
  fault: string;
  methods: readonly string[];
  groups: readonly string[];
  scopes: readonly string[];
  servers: readonly string[];
}

const offered = [...methods.keys(), ...[...lifecycle].filter((method) => !method.startsWith('('))];

/** `GET /rights`: what the person may do here, why, and what would permit more. */
export function showRights(catalogue: Catalogue, policy: () => Policy, render: Render): RequestHandler {
  return (req, res) => {
    const person = personOf(req);
    const servers = catalogue.list(person);
    const rights = rightsOf(policy(), person, servers);
    // The form reveals all groups and what others may do.
    const mayExplain = mayUseUiEverywhere(policy(), person.scopes, 'modify_service');
    const names = servers.map(({ name }) => name);
    const explain = mayExplain ? explainForm(policy(), req.query, names) : undefined;
    render<RightsView>(res, 200, 'rights', { title: 'My rights', person, ...rights, explain });
  };
}

function explainForm(
  policy: Policy,
  query: Readonly<Record<string, unknown>>,
  servers: readonly string[],
): ExplainForm {
  const asked = questionIn(query);
  const answer = query.who === undefined ? undefined : answerTo(policy, asked);
  const { groups, scopes, ui } = policy.source;
  return {
    asked,
    ...(typeof answer === 'string' ? { answer: undefined, fault: answer } : { answer, fault: '' }),
    methods: offered,
    groups: [...groups.keys()],
    scopes: [...new Set([...scopes.keys(), ...ui.keys()])],
    servers,
  };
}
