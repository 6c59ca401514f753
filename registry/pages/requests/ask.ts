import { type Request, type Response, Router } from 'express';
import { reveal } from '../../../common/text/reveal.ts';
import { decide } from '../../../policy/decide.ts';
import type { KnownTools } from '../../../policy/known-tools.ts';
import { isToolName } from '../../../policy/names.ts';
import type { Policy } from '../../../policy/policy.ts';
import { anyArguments } from '../../../policy/request/mcp-request.ts';
import { formOf, readForm } from '../../access/body.ts';
import type { Catalogue } from '../../access/catalogue.ts';
import { type Person, personOf } from '../../access/guards.ts';
import { requireOwnPage } from '../../access/own-page.ts';
import { notFound } from '../../access/permissions.ts';
import { RegistryError } from '../../errors/registry-error.ts';
import { mayAskFor } from '../../requests/may-ask.ts';
import type { Requests } from '../../requests/requests.ts';
import type { ToolInfo } from '../../servers/tool.ts';
import { requestBounds } from '../../store/requests.ts';
import type { RegistryStore } from '../../store/store.ts';
import { counted, shortened } from '../shared/format.ts';
import type { Notes } from '../shared/notes.ts';
import type { Render, View } from '../shared/render.ts';
import { shownRequest } from './shown.ts';

export interface RequestPagesOptions {
  publicUrl: string;
  policy: () => Policy;
  store: Pick<RegistryStore, 'get'>;
  catalogue: Catalogue;
  requests: Requests;
  knownTools: () => KnownTools;
  render: Render;
  notes: Notes;
}

/** Tools that the form offers. Of a server with more, those that the address names are among them. */
const mostOffered = 200;
const longestDescription = 160;

/** What a person has filled in, and what is wrong with it. */
interface Filled {
  tools: readonly string[];
  reason: string;
  faults: Readonly<Record<string, string>>;
}

/**
 * `GET /requests/new?server=&tool=`: the form to ask for access; without a server, the choice of one. `POST /requests` sends it.
 * A program cannot: it takes a session, and a page of ours.
 */
export function createAskPages(options: RequestPagesOptions): Router {
  const { publicUrl, requests, notes } = options;
  const pages = Router({ caseSensitive: true, strict: true });
  pages.get('/requests/new', async (req, res) => {
    const { server, tool } = req.query;
    if (typeof server !== 'string' || server === '') return chooseServer(options, req, res);
    const tools = [tool].flat().filter((name): name is string => typeof name === 'string' && isToolName(name));
    await showForm(options, req, res, 200, server, { tools, reason: '', faults: {} });
  });
  pages.post('/requests', requireOwnPage(publicUrl), readForm, async (req, res) => {
    const [person, form] = [personOf(req), formOf(req)];
    const server = form.get('server') ?? '';
    const wish = { server, tools: form.getAll('tool'), reason: form.get('reason') ?? '' };
    try {
      const made = await requests.ask(person, wish);
      const more = [`It waits for an answer for ${requestBounds.days} days, and you can withdraw it.`];
      const note = { tone: 'good', text: 'You have asked for access.', more } as const;
      res.redirect(303, notes.leave(person, `/requests/${made.id}`, note));
    } catch (error) {
      if (!(error instanceof RegistryError) || error.code !== 'input_invalid') throw error;
      const faults = Object.fromEntries((error.faults ?? []).map(({ path, message }) => [path, message]));
      const tools = wish.tools.filter(isToolName).slice(0, mostOffered);
      await showForm(options, req, res, error.status, server, { tools, reason: wish.reason, faults });
    }
  });
  return pages;
}

function chooseServer({ catalogue, render }: RequestPagesOptions, req: Request, res: Response): void {
  const person = personOf(req);
  const servers = catalogue.list(person).map(({ name, title }) => ({ name, title }));
  const view = { title: 'Ask for access', person, servers };
  render<View & typeof view>(res, 200, 'requests/choose', view);
}

async function showForm(
  { policy, store, catalogue, requests, knownTools, render }: RequestPagesOptions,
  req: Request,
  res: Response,
  status: number,
  name: string,
  { tools: chosen, reason, faults }: Filled,
): Promise<void> {
  const person = personOf(req);
  if (!mayAskFor(policy(), person, name) || !store.get(name)) throw notFound();
  const entry = catalogue.get(person, name);
  const own = await requests.ownOf(person);
  const open = own.find(({ server, state }) => server === name && state === 'open');
  const title = entry?.title ?? name;
  const view = {
    title: `Ask for access to ${title}`,
    person,
    server: { name, title, isSeen: entry !== undefined, isSet: Boolean(entry?.members) },
    isSession: person.authMethod === 'session_cookie',
    open: open && { ...shownRequest(open, title), count: counted(open.tools.length, 'tool') },
    tools: offered({ policy: policy(), known: knownTools(), person, server: name }, entry?.health.tools ?? [], chosen),
    reason,
    faults,
    longest: requestBounds.words,
    days: requestBounds.days,
  };
  render<View & typeof view>(res, status, 'requests/ask', view);
}

/** Tools to tick: those that the person may not call, and those that are ticked. Descriptions are the server's own words. */
function offered(
  { policy, known, person, server }: { policy: Policy; known: KnownTools; person: Person; server: string },
  tools: readonly ToolInfo[],
  chosen: readonly string[],
) {
  // Whether a tool waits for its approval is not for the policy to say.
  const hints = { readOnly: known.readOnly };
  const isDenied = (name: string) => {
    const call = { method: 'tools/call', object: { kind: 'tool', name }, arguments: anyArguments } as const;
    return !decide(policy, person.scopes, server, [call], hints).allowed;
  };
  const descriptions = new Map(tools.map(({ name, title, description }) => [name, title || (description ?? '')]));
  const others = [...descriptions.keys()].filter((name) => isToolName(name) && isDenied(name));
  return [...new Set([...chosen, ...others])].slice(0, mostOffered).map((name) => ({
    name,
    isChosen: chosen.includes(name),
    says: reveal(shortened(descriptions.get(name)?.trim().split('\n', 1)[0] ?? '', longestDescription)),
  }));
}
