import { type Request, type Response, Router } from 'express';
import type { CurrentPolicy } from '../../../../common/doors/versions.ts';
import { EditRefused } from '../../../../common/policy/edit/refused.ts';
import { takeAwaySoon } from '../../../../common/policy/edit/soon.ts';
import type { ToolNames } from '../../../../policy/known-tools.ts';
import { formOf, readForm } from '../../../access/body.ts';
import type { CatalogueEntry } from '../../../access/catalogue.ts';
import { requireOwnPage } from '../../../access/own-page.ts';
import { notFound } from '../../../access/permissions.ts';
import { RegistryError } from '../../../errors/registry-error.ts';
import { inWords } from '../../shared/format.ts';
import type { View } from '../../shared/render.ts';
import { applyChange, faultsOf } from '../change/apply.ts';
import { linesOf } from '../change/difference-lines.ts';
import { lookFirst, markOf, previewOf } from '../change/preview.ts';
import { holderIn, holderWords, scopesOf } from '../shared/holders.ts';
import { numberIn } from '../shared/numbers.ts';
import { type AccessOptions, type Editor, editorOf } from '../shared/options.ts';
import type { Faults } from './grant.ts';
import { takeable } from './takeable.ts';

/** What the form takes away, and its reason. */
interface Values {
  server: string;
  from: string;
  /** Everything on the server, or only these tools. */
  what: 'all' | 'some';
  tools: ReadonlySet<string>;
  why: string;
  base: number;
}

interface About {
  editor: Editor;
  current: CurrentPolicy;
  server: CatalogueEntry;
  values: Values;
  faults?: Faults;
  notice?: string;
  conflict?: ReturnType<typeof linesOf>;
}

const mostTools = 1_000;

/**
 * `GET /access/take?server=…&from=group:…` and `POST` to the same address: the form that takes tools of a server away from a
 * group or an agent, with the same preview as the one that gives them.
 */
export function createTakePage(options: AccessOptions): Router {
  const { publicUrl, policyDoor } = options;
  const pages = Router({ caseSensitive: true, strict: true });
  pages.get('/access/take', async (req, res) => {
    const editor = editorOf(options, req);
    const query = (name: string) => (typeof req.query[name] === 'string' ? req.query[name].slice(0, 256) : '');
    const tool = query('tool');
    const server = serverFor(options, editor, query('server'));
    const current = await policyDoor.current(editor.assertion);
    const values: Values = {
      ...{ server: server.name, from: query('from'), what: tool ? 'some' : 'all', tools: new Set([tool]) },
      ...{ why: '', base: current.number ?? 0 },
    };
    await show(options, req, res, 200, { editor, current, server, values });
  });
  pages.post('/access/take', requireOwnPage(publicUrl), readForm, async (req, res) => {
    const editor = editorOf(options, req);
    const form = formOf(req);
    const text = (name: string) => (form.get(name) ?? '').slice(0, 2_000);
    const values: Values = {
      ...{
        server: text('server'),
        from: text('from').slice(0, 300),
        what: form.get('what') === 'some' ? 'some' : 'all',
      },
      tools: new Set(form.getAll('tool').slice(0, mostTools)),
      ...{ why: text('why'), base: numberIn(text('base')) },
    };
    const server = serverFor(options, editor, values.server);
    const about = { editor, current: await policyDoor.current(editor.assertion), server, values };
    if (form.get('do') !== 'apply') return await show(options, req, res, 200, about);
    await apply(options, req, res, about, form.get('seen'));
  });
  return pages;
}

async function apply(options: AccessOptions, req: Request, res: Response, about: About, seen: string | null) {
  const { editor, current, server, values } = about;
  const made = await textFor(values, current.text, options.knownTools().readOnly);
  if (made.fault !== undefined) return await show(options, req, res, 400, { ...about, faults: { form: made.fault } });
  if (seen !== markOf(made.text)) return await show(options, req, res, 200, { ...about, notice: lookFirst });
  const what = values.what === 'all' ? server.title : `${inWords([...values.tools])} on ${server.title}`;
  const done = `Taken from ${holderWords(values.from)}: ${what}.`;
  const { base, why } = values;
  const refused = await applyChange(options, editor, res, { base, text: made.text, why, source: 'page', done });
  if (!refused) return;
  if (!('conflict' in refused)) {
    return await show(options, req, res, refused.status, { ...about, faults: faultsOf(refused) });
  }
  const now = await options.policyDoor.current(editor.assertion);
  const conflict = linesOf(refused.conflict.differences);
  const next = { ...values, base: now.number ?? 0 };
  await show(options, req, res, 409, { ...about, current: now, values: next, conflict });
}

async function show(options: AccessOptions, _req: Request, res: Response, status: number, about: About) {
  const { policy, render } = options;
  const { editor, current, server, values, faults = {}, notice, conflict } = about;
  const made = await textFor(values, current.text, options.knownTools().readOnly);
  const preview = made.text === undefined ? undefined : await previewOf(options, editor, current, made.text);
  const view = {
    ...{ title: `Take access to ${server.title} away`, person: editor.person, notice, conflict },
    ...{ values, faults, who: holderWords(values.from), server: { name: server.name, title: server.title } },
    faultList: Object.entries(faults).map(([field, message]) => ({
      ...{ field, label: field === 'why' ? 'Why' : '', message: message ?? '' },
    })),
    tools: takeable(policy(), scopesOf(policy(), values.from), server.name).slice(0, mostTools),
    ...{ preview, refused: made.fault ?? '', alsoLose: made.alsoLose ?? [], isEditable: current.editable },
    cancel: `/servers/${server.name}/access`,
  };
  render<View & typeof view>(res, status, 'access/take', view);
}

interface Made {
  text?: string;
  alsoLose?: readonly string[];
  fault?: string;
}

/** The text that the form would make of the policy, or why it makes none. */
async function textFor(
  { from, server, what, tools }: Values,
  text: string,
  readOnly: ToolNames,
): Promise<(Made & { text: string; fault?: undefined }) | (Made & { text?: undefined; fault: string })> {
  const holder = holderIn(from);
  if (!holder) throw new RegistryError('not_found', 'This address names no group and no agent.');
  if (what === 'some' && tools.size === 0) return { fault: 'Choose at least one tool.' };
  try {
    return await takeAwaySoon(text, { from: holder, server, readOnly, ...(what === 'some' && { tools: [...tools] }) });
  } catch (error) {
    if (!(error instanceof EditRefused)) throw error;
    return { fault: error.message };
  }
}

function serverFor({ catalogue }: AccessOptions, { person }: Editor, name: string): CatalogueEntry {
  const server = catalogue.get(person, name);
  if (!server) throw notFound();
  return server;
}
