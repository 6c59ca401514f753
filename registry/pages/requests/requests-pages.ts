import { type Request, Router } from 'express';
import { scopesOfGroups } from '../../../policy/policy.ts';
import { formOf, readForm } from '../../access/body.ts';
import { mayEditPolicy, requireEditPolicy } from '../../access/edit-policy.ts';
import { actorOf, personOf } from '../../access/guards.ts';
import { requireOwnPage } from '../../access/own-page.ts';
import type { PolicyDoor } from '../../doors/policy.ts';
import type { SeenDoor } from '../../doors/seen.ts';
import { RegistryError } from '../../errors/registry-error.ts';
import { leastRule, remediesFor, requireGiven } from '../../requests/least-rule.ts';
import type { ToolInfo } from '../../servers/tool.ts';
import type { AccessRequest } from '../../store/requests.ts';
import type { View } from '../shared/render.ts';
import { createAskPages, type RequestPagesOptions } from './ask.ts';
import { shownRequest } from './shown.ts';

interface Options extends RequestPagesOptions {
  policyDoor: Pick<PolicyDoor, 'current'>;
  seen: SeenDoor;
}

/** Groups of the requester for which a rule is shown: those of which the fewest people were seen. */
const mostGroups = 6;

/**
 * `GET /requests`: a person's own requests, and for holders of `edit_policy` all that are open; `GET /requests/:id`: one of them;
 * `POST /requests/:id/withdraw`, `/refuse` and `/given`. Others learn nothing of a request, not even that there is one.
 */
export function createRequestPages(options: Options): Router {
  const { publicUrl, policy, requests, catalogue, render, notes } = options;
  const pages = Router({ caseSensitive: true, strict: true });
  const titleFor = (req: Request, server: string) => catalogue.get(personOf(req), server)?.title;
  const shownTo = (req: Request) => (request: AccessRequest) => shownRequest(request, titleFor(req, request.server));
  /** @throws {RegistryError} `not_found` for a request that the person may not see */
  const requestFor = async (req: Request): Promise<AccessRequest> => {
    const person = personOf(req);
    const request = await requests.find(String(req.params.id));
    if (!request || (request.by.sub !== person.sub && !mayEditPolicy(policy(), person))) throw notThere();
    return request;
  };

  pages.get('/requests', async (req, res) => {
    const person = personOf(req);
    const answers = mayEditPolicy(policy(), person);
    const [own, open] = await Promise.all([requests.ownOf(person), answers ? requests.open() : []]);
    const view = {
      title: 'Requests for access',
      ...{ person, answers, own: own.map(shownTo(req)), open: open.map(shownTo(req)) },
    };
    render<View & typeof view>(res, 200, 'requests/requests', view);
  });
  pages.use(createAskPages(options));
  pages.get('/requests/:id', async (req, res) => {
    const person = personOf(req);
    const request = await requestFor(req);
    const mayDecide = mayEditPolicy(policy(), person) && request.state === 'open';
    const shown = shownTo(req)(request);
    const view = {
      title: `Access to ${shown.title}`,
      ...{ person, request: shown, isOwn: request.by.sub === person.sub },
      decide: mayDecide ? await toDecide(options, req, request) : undefined,
    };
    render<View & typeof view>(res, 200, 'requests/request', view);
  });

  const action = (verb: string, work: (req: Request, request: AccessRequest) => Promise<string>) =>
    pages.post(`/requests/:id/${verb}`, requireOwnPage(publicUrl), readForm, async (req, res) => {
      const request = await requestFor(req);
      const note = await work(req, request).then(
        (text) => ({ tone: 'good', text, more: [] }) as const,
        (error: unknown) => {
          const isNoted = error instanceof RegistryError && ['changed_meanwhile', 'input_invalid'].includes(error.code);
          if (!isNoted) throw error;
          return { tone: 'bad', text: error.message, more: [] } as const;
        },
      );
      res.redirect(303, notes.leave(personOf(req), `/requests/${request.id}`, note));
    });
  action('withdraw', async (req, { id }) => {
    await requests.withdraw(id, personOf(req));
    return 'You have withdrawn your request.';
  });
  action('refuse', async (req, { id }) => {
    await requests.answer(id, 'refused', editorOf(req), formOf(req).get('words') ?? '');
    return 'You have refused the request.';
  });
  action('given', async (req, request) => {
    const editor = editorOf(req);
    requireGiven(policy(), options.knownTools(), request);
    await requests.answer(request.id, 'given', editor, formOf(req).get('words') ?? '');
    return 'The request is answered: it is given.';
  });
  return pages;

  function editorOf(req: Request) {
    requireEditPolicy(policy(), personOf(req));
    return actorOf(personOf(req));
  }
}

/** What an editor sees before they decide: what would do, who else would gain, and what the server says of the tools. */
async function toDecide(
  { policy, store, knownTools, catalogue, policyDoor, seen }: Options,
  req: Request,
  request: AccessRequest,
) {
  const assertion = req.get('x-mcp-assertion') ?? '';
  const groups = [...request.groups];
  const [current, counts] = await Promise.all([
    policyDoor.current(assertion).catch(() => undefined),
    seen.seenIn(assertion, groups).catch(() => new Map<string, number>()),
  ]);
  const fewest = groups.sort((a, b) => (counts.get(a) ?? 0) - (counts.get(b) ?? 0) || (a < b ? -1 : 1));
  const known = catalogue.get(personOf(req), request.server)?.health.tools;
  const isSet = Boolean(store.get(request.server)?.members);
  return {
    ...remediesFor(policy(), knownTools(), request),
    hasGroups: groups.length > 0,
    grants: await Promise.all(
      fewest.slice(0, mostGroups).map(async (group) => ({
        group,
        seen: counts.get(group),
        href: `/access/give?${grantQuery(request, group)}`,
        hasScopes: scopesOfGroups(policy(), [group]).length > 0,
        ...(current && (await leastRule(current.text, group, request, isSet))),
      })),
    ),
    tools: request.tools.map((name) => ({ name, hints: hintsOf(known, name) })),
  };
}

function grantQuery({ id, server, tools }: AccessRequest, group: string): URLSearchParams {
  const named = tools.map((tool) => ['tool', tool]);
  return new URLSearchParams([['server', server], ['to', `group:${group}`], ...named, ['request', id]]);
}

/** What the server says of a tool, in a few words. */
function hintsOf(known: readonly ToolInfo[] | undefined, name: string): string[] {
  if (!known) return [];
  const tool = known.find((each) => each.name === name);
  if (!tool) return ['not announced now'];
  const { readOnlyHint, destructiveHint } = tool.annotations ?? {};
  if (readOnlyHint === true) return ['says that it only reads'];
  return destructiveHint === false ? [] : ['may destroy'];
}

function notThere(): RegistryError {
  return new RegistryError('not_found', 'There is no such request, or you may not see it.');
}
