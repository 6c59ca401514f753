import type { RequestHandler } from 'express';
import { mayUseUiEverywhere } from '../../../../policy/ui.ts';
import { mayEditPolicy, requireViewAccess } from '../../../access/edit-policy.ts';
import { type Person, personOf } from '../../../access/guards.ts';
import { mayViewPeople } from '../../../access/view-people.ts';
import { readPeopleQuery } from '../../../doors/people.ts';
import { cleaned, counted } from '../../shared/format.ts';
import type { View } from '../../shared/render.ts';
import { type AccessOptions, orNothing, seenOf } from '../shared/options.ts';
import { answerOf, askedIn, type FoundPerson, isKnownName } from './ask.ts';
import { endingSoon } from './cell.ts';
import { findsNothing, matrixOf } from './matrix.ts';
import { matrixHref, readMatrixQuery, type Show } from './query.ts';

const labels: readonly [Show, string][] = [
  ['all', 'Everything'],
  ['changes', 'That changes something'],
  ['destroys', 'That may destroy'],
  ['ends', 'That ends by itself'],
];
const mostAsked = 3;
const mostChanges = 5;
const mostEnding = 5;
const longestReason = 200;

/**
 * `GET /access`: which group and which agent may call what, what waits for an editor, the last changes, and the question whether
 * someone may call a tool. For holders of `edit_policy` or `view_people`.
 */
export function showOverview(options: AccessOptions): RequestHandler {
  const { catalogue, policy, knownTools, iconOf, render, now } = options;
  return async (req, res) => {
    const person = personOf(req);
    requireViewAccess(policy(), person);
    const assertion = req.get('x-mcp-assertion') ?? '';
    const servers = catalogue.list(person);
    const query = readMatrixQuery(req.query);
    const base = { policy: policy(), known: knownTools(), servers, query, now: now().getTime() };
    let matrix = matrixOf({ ...base, groups: [] });
    const found =
      query.text && findsNothing(matrix) ? await personCalled(options, person, assertion, query.text) : undefined;
    if (found) matrix = matrixOf({ ...base, groups: found.groups });
    const mayEdit = mayEditPolicy(policy(), person);
    const [seen, waiting, ask] = await Promise.all([
      seenOf(
        options,
        assertion,
        matrix.columns.flatMap(({ isAgent, name }) => (isAgent ? [] : [name])),
      ),
      mayEdit ? waitingFor(options, assertion) : undefined,
      answerIn(options, person, assertion, req.query),
    ]);
    const seesLimits = policy().source.limits.length > 0 && mayViewPeople(policy(), person);
    const view = {
      ...{ title: 'Access', person, mayEdit, seesLimits, query, seen, waiting, ask, matrix },
      ending: endingSoon(policy(), base.now).slice(0, mostEnding),
      found: found && { ...found, isKnown: found.groups.length > 0 },
      head: `${counted(matrix.holders.groups, 'group')} and ${counted(matrix.holders.agents, 'agent')}, ${counted(matrix.counts.all, 'tool')} on ${counted(servers.length, 'server')}`,
      pictures: new Map(matrix.rows.map(({ server }) => [server.name, iconOf(server.name)])),
      segments: labels.map(([show, label]) => ({
        ...{ label, current: show === query.show, href: matrixHref({ ...query, show, page: 1 }) },
        count: show === 'all' ? undefined : matrix.counts[show],
      })),
      previous: matrix.page > 1 ? matrixHref({ ...query, page: matrix.page - 1 }) : '',
      next: matrix.page < matrix.of ? matrixHref({ ...query, page: matrix.page + 1 }) : '',
      known: { servers: servers.map(({ name }) => name), who: [...policy().source.groups.keys()] },
    };
    render<View & typeof view>(res, 200, 'access/overview', view);
  };

  /** What waits for an editor, and what was changed last; nothing of it where the auth-server does not answer. */
  async function waitingFor({ policyDoor, requests }: AccessOptions, assertion: string) {
    const [current, versions, open] = await Promise.all([
      orNothing(policyDoor.current(assertion)),
      orNothing(policyDoor.versions(assertion)),
      orNothing(requests.open()),
    ]);
    const asked = (open ?? []).slice(0, mostAsked).map(({ id, by, server, tools, reason, at }) => ({
      ...{ id, who: cleaned(by.username, 60), server, tools, at, reason: cleaned(reason, longestReason) },
    }));
    return {
      ...{ asked, more: (open?.length ?? 0) - asked.length, isUnread: current === undefined },
      isEditable: current?.editable === true,
      drift: current?.drift != null,
      proposals: current?.proposals ?? [],
      changes: current?.editable ? (versions?.versions ?? []).slice(0, mostChanges) : [],
    };
  }
}

async function answerIn(
  options: AccessOptions,
  person: Person,
  assertion: string,
  query: Readonly<Record<string, unknown>>,
) {
  const { policy, catalogue, knownTools } = options;
  // The answer names groups and rules, as the page that explains rule by rule does.
  if (!mayUseUiEverywhere(policy(), person.scopes, 'modify_service') && !mayEditPolicy(policy(), person))
    return undefined;
  const asked = askedIn(query);
  if (!asked) return { asked: { who: '', tool: '', server: '' }, answer: undefined };
  const found = isKnownName(policy(), asked.who)
    ? undefined
    : await personCalled(options, person, assertion, asked.who);
  return { asked, answer: answerOf(policy(), asked, found, { servers: catalogue.list(person), tools: knownTools() }) };
}

/** A person whom the gateway has seen, by their whole name. @returns undefined if there is none, or it may not be told */
async function personCalled(
  { people, policy }: AccessOptions,
  person: Person,
  assertion: string,
  text: string,
): Promise<FoundPerson | undefined> {
  if (text === '' || !mayViewPeople(policy(), person)) return undefined;
  const answer = await orNothing(people.people(assertion, readPeopleQuery({ q: text })));
  const isCalled = (own: string) => own.toLowerCase() === text.toLowerCase();
  const one = answer?.people.find(({ name, username }) => isCalled(name) || isCalled(username));
  return one && { name: cleaned(one.name, 60), groups: one.groups };
}
