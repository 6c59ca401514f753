import { type Request, type Response, Router } from 'express';
import type { CurrentPolicy } from '../../../../common/doors/versions.ts';
import { isRuleName } from '../../../../common/policy/edit/names.ts';
import { EditRefused } from '../../../../common/policy/edit/refused.ts';
import { giveAccessSoon } from '../../../../common/policy/edit/soon.ts';
import { formOf, readForm } from '../../../access/body.ts';
import type { CatalogueEntry } from '../../../access/catalogue.ts';
import type { Person } from '../../../access/guards.ts';
import { requireOwnPage } from '../../../access/own-page.ts';
import { notFound } from '../../../access/permissions.ts';
import { isSet } from '../../../servers/server.ts';
import type { AccessRequest } from '../../../store/requests.ts';
import { inWords } from '../../shared/format.ts';
import type { View } from '../../shared/render.ts';
import { applyChange, faultsOf, type Refused } from '../change/apply.ts';
import { type ChangeLines, linesOf } from '../change/difference-lines.ts';
import { lookFirst, markOf, type Preview, previewOf } from '../change/preview.ts';
import { holdersOf, holderWords, scopesOf } from '../shared/holders.ts';
import { type AccessOptions, type Editor, editorOf, seenOf } from '../shared/options.ts';
import { reachOf } from '../shared/reach.ts';
import { showChoice } from './choose.ts';
import { endOf, type Faults, grantIn } from './grant.ts';
import { type Picker, pickerOf, readingTools } from './picker.ts';
import { knownArguments } from './schema.ts';
import { emptyValues, pressed, type Values, valuesIn } from './values.ts';

interface State {
  values: Values;
  faults?: Faults;
  /** What others changed meanwhile, if that kept the change from being made. */
  conflict?: ChangeLines | undefined;
}

interface GiveView extends View {
  person: Person;
  values: Values;
  faults: Faults;
  faultList: readonly { field: string; label: string; message: string }[];
  server: { name: string; title: string; isSet: boolean; hasPrompts: boolean; hasResources: boolean };
  holders: ReturnType<typeof holdersOf> & { suggested: readonly { value: string; name: string; says: string }[] };
  picker: Picker;
  ends: Date | undefined;
  asked: { id: string; by: string; reason: string; tools: string } | undefined;
  preview: Preview | undefined;
  /** Why there is no preview, where the form is complete. */
  refused: string;
  conflict: ChangeLines | undefined;
  notice: string | undefined;
  isEditable: boolean;
  cancel: string;
  /** Chosen tools that they may call already. */
  already: readonly string[];
}

/**
 * `GET /access/give` and `POST` to the same address: the form that gives a group or an agent tools of a server. The button `do`
 * applies it (`apply`), shows what it would change (`preview`), or changes the form itself.
 */
export function createGivePage(options: AccessOptions): Router {
  const { publicUrl, now } = options;
  const pages = Router({ caseSensitive: true, strict: true });
  pages.get('/access/give', async (req, res) => {
    const editor = editorOf(options, req);
    const query = (name: string) => (typeof req.query[name] === 'string' ? req.query[name].slice(0, 256) : '');
    const [asked, current] = await Promise.all([
      requestFor(options, query('request')),
      options.policyDoor.current(editor.assertion),
    ]);
    const name = asked?.server ?? query('server');
    if (name === '') return showChoice(options, req, res);
    const server = serverCalled(options, editor, name);
    if (!server) return showChoice(options, req, res, name);
    const { reads } = toolsOf(options, server);
    const named = [req.query.tool].flat().filter((tool) => typeof tool === 'string' && isRuleName(tool));
    const wanted = (named.length > 0 ? named : (asked?.tools ?? [])) as readonly string[];
    const values: Values = {
      ...emptyValues,
      ...{ server: server.name, to: query('to'), base: current.number ?? 0, asOf: now().getTime() },
      ...{ tools: new Set(wanted.length > 0 ? wanted : reads), request: asked?.id ?? '' },
    };
    await show(options, req, res, 200, { editor, current, server, asked, state: { values } });
  });
  pages.post('/access/give', requireOwnPage(publicUrl), readForm, async (req, res) => {
    const editor = editorOf(options, req);
    const form = formOf(req);
    const values = valuesIn(form, now().getTime());
    const [asked, current] = await Promise.all([
      requestFor(options, values.request),
      options.policyDoor.current(editor.assertion),
    ]);
    const server = serverFor(options, editor, values.server);
    const { reads } = toolsOf(options, server);
    const button = form.get('do') ?? 'preview';
    const about = { editor, current, server, asked, seen: form.get('seen') ?? undefined };
    if (button === 'apply') return await apply(options, req, res, { ...about, state: { values } });
    await show(options, req, res, 200, { ...about, state: { values: pressed(values, button, reads) } });
  });
  return pages;
}

interface About {
  editor: Editor;
  current: CurrentPolicy;
  server: CatalogueEntry;
  asked: AccessRequest | undefined;
  state: State;
  /** The mark of the preview that the form was sent with. */
  seen?: string | undefined;
  notice?: string;
}

async function apply(options: AccessOptions, req: Request, res: Response, about: About): Promise<void> {
  const { editor, current, server, state } = about;
  const { values } = state;
  const made = await textFor(values, server, current.text);
  if (made.faults) return await show(options, req, res, 400, { ...about, state: { values, faults: made.faults } });
  if (about.seen !== markOf(made.text)) return await show(options, req, res, 200, { ...about, notice: lookFirst });
  const { why, request, to, base } = values;
  const done = `${holderWords(to)} may use ${server.title}.`;
  const refused = await applyChange(options, editor, res, {
    base,
    text: made.text,
    why,
    source: 'page',
    done,
    request,
  });
  if (refused) await showRefused(options, req, res, about, refused);
}

async function showRefused(options: AccessOptions, req: Request, res: Response, about: About, refused: Refused) {
  const { values } = about.state;
  if (!('conflict' in refused)) {
    const state = { values, faults: faultsOf(refused) };
    return await show(options, req, res, refused.status, { ...about, state });
  }
  const current = await options.policyDoor.current(about.editor.assertion);
  const state = { values: { ...values, base: current.number ?? 0 }, conflict: linesOf(refused.conflict.differences) };
  await show(options, req, res, 409, { ...about, current, state });
}

/** The text that the form would make of the policy, or what is wrong with the form. */
async function textFor(values: Values, server: CatalogueEntry, text: string) {
  const schemaOf = (name: string) => server.health.tools.find((tool) => tool.name === name)?.inputSchema ?? null;
  const read = grantIn(values, { isSet: isSet(server), argumentsOf: (name) => knownArguments(schemaOf(name)) });
  if (!read.grant) return { faults: read.faults };
  try {
    return { text: (await giveAccessSoon(text, read.grant)).text };
  } catch (error) {
    if (!(error instanceof EditRefused)) throw error;
    return { faults: { form: error.message } };
  }
}

async function show(options: AccessOptions, req: Request, res: Response, status: number, about: About): Promise<void> {
  const { policy, knownTools, render } = options;
  const { editor, current, server, asked, state } = about;
  const { values } = state;
  const isComplete = values.to !== '';
  const made = isComplete ? await textFor(values, server, current.text) : undefined;
  const preview = made?.text === undefined ? undefined : await previewOf(options, editor, current, made.text);
  // A form that was just opened has no faults yet, and one without a choice says so in the place of the preview.
  const faults = { ...(isComplete && req.method === 'POST' && made?.faults), ...state.faults };
  const holders = holdersOf(policy());
  const { isWaiting } = toolsOf(options, server);
  const { tools, details } = server.health;
  const has = reachOf(policy(), scopesOf(policy(), values.to), server.name, knownTools());
  const suggested = asked ? await suggestedFor(options, editor, asked) : [];
  render<GiveView>(res, status, 'access/give', {
    title: `Give access to ${server.title}`,
    person: editor.person,
    ...{ values, faults, faultList: listOf(faults), conflict: state.conflict, isEditable: current.editable },
    server: {
      ...{ name: server.name, title: server.title, isSet: isSet(server) },
      hasPrompts: (details?.announced?.prompts.length ?? 0) > 0,
      hasResources:
        (details?.announced?.resources.length ?? 0) + (details?.announced?.resourceTemplates.length ?? 0) > 0,
    },
    holders: { ...holders, suggested },
    picker: pickerOf({ values, tools, faults, isWaiting, hasOf: has }),
    ends: endOf(values),
    asked: asked && {
      ...{ id: asked.id, by: asked.by.username, reason: asked.reason, tools: inWords(asked.tools) },
    },
    preview,
    notice: about.notice,
    refused: made?.faults ? (Object.values(made.faults)[0] ?? '') : '',
    already: preview ? [...values.tools].filter((tool) => has(tool) === 'all') : [],
    cancel: asked ? `/requests/${asked.id}` : `/servers/${server.name}/access`,
  });
}

/** The requester's groups, those with the fewest people first: each of them would do. */
async function suggestedFor(options: AccessOptions, { assertion }: Editor, asked: AccessRequest) {
  const known = asked.groups.filter((group) => options.policy().source.groups.has(group));
  const seen = await seenOf(options, assertion, known);
  const count = (group: string) => seen?.get(group) ?? 0;
  const fewest = known.toSorted((a, b) => count(a) - count(b));
  return fewest.slice(0, mostSuggested).map((name, i) => {
    const others = Math.max(0, count(name) - 1);
    const says = seen
      ? `${asked.by.username} and ${others} other${others === 1 ? '' : 's'} seen in 30 days${i === 0 && fewest.length > 1 ? ': the fewest' : ''}`
      : `${asked.by.username} and the others in it`;
    return { value: `group:${name}`, name, says };
  });
}

const mostSuggested = 3;

function listOf(faults: Faults): GiveView['faultList'] {
  const labels: Partial<Record<string, string>> = { to: 'To whom', tools: 'Which tools', why: 'Why' };
  labels.approver = 'Who approves';
  labels.more = 'Other tools';
  return Object.entries(faults).flatMap(([field, message]) => {
    if (message === undefined) return [];
    const [, tool] = /^limit (\S+) \d+$/.exec(field) ?? [];
    const label = tool === undefined ? (labels[field] ?? '') : `A limit of ${tool}`;
    return [{ field: field.replaceAll(' ', '-'), label, message }];
  });
}

function toolsOf({ definitions }: AccessOptions, { name, health }: CatalogueEntry) {
  const pending = definitions.hashes().get(name)?.pending;
  const isWaiting = (tool: string) => pending?.has(tool) ?? false;
  return { isWaiting, reads: readingTools(health.tools, isWaiting) };
}

function serverFor({ catalogue }: AccessOptions, { person }: Editor, name: string): CatalogueEntry {
  const server = catalogue.get(person, name);
  if (!server) throw notFound();
  return server;
}

/** A server by its name, or by its title as the form that asks for it lets one type. */
function serverCalled({ catalogue }: AccessOptions, { person }: Editor, text: string): CatalogueEntry | undefined {
  const isCalled = ({ title }: CatalogueEntry) => title.toLowerCase() === text.trim().toLowerCase();
  return catalogue.get(person, text.trim()) ?? catalogue.list(person).find(isCalled);
}

async function requestFor({ requests }: AccessOptions, id: string): Promise<AccessRequest | undefined> {
  const found = id === '' ? undefined : await requests.find(id);
  return found?.state === 'open' ? found : undefined;
}
