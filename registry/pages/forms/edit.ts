import { type Response, Router } from 'express';
import { mayUseUi } from '../../../policy/ui.ts';
import { formOf, readForm } from '../../access/body.ts';
import { type Named, personOf } from '../../access/guards.ts';
import { requireOwnPage } from '../../access/own-page.ts';
import { requireEdit } from '../../access/ownership.ts';
import { notFound } from '../../access/permissions.ts';
import { RegistryError } from '../../errors/registry-error.ts';
import { isFixedName } from '../../servers/names.ts';
import type { RegisteredServer } from '../../servers/server.ts';
import { readReplacement } from '../../servers/server-input.ts';
import type { Action } from '../../store/change-log.ts';
import { noteOn } from '../shared/notes.ts';
import { type FormOptions, type FormState, showForm, tryConnection } from './form-page.ts';
import { merge } from './meanwhile.ts';
import { faultsOf, inputOf, revisionIn, type Values, valuesIn, valuesOf } from './server-form.ts';

/** `GET /servers/:name/edit`, and `POST` to the same address: the button `do` saves, or tests the connection (`test`). */
export function createEditPages(options: FormOptions): Router {
  const { publicUrl, policy, store } = options;
  const pages = Router({ caseSensitive: true, strict: true });
  pages.get('/servers/:name/edit', (req: Named, res) => {
    const server = store.get(req.params.name);
    requireEdit(policy(), personOf(req), req.params.name, server);
    if (!server) throw notFound();
    showForm(options, req, res, 200, { kind: 'edit', values: valuesOf(server), server: shown(server) });
  });
  pages.post('/servers/:name/edit', requireOwnPage(publicUrl), readForm, async (req: Named, res) => {
    const { name } = req.params;
    const server = store.get(name);
    requireEdit(policy(), personOf(req), name, server);
    const form = formOf(req);
    const values = { ...valuesIn(form), name };
    if (!server) return showLost(options, req, res, values);
    const revision = revisionIn(form) ?? 0;
    if (form.get('do') !== 'test') return await save(options, req, res, { values, server, revision });
    const state: FormState = { kind: 'edit', values, server: { ...shown(server), revision } };
    await tryConnection(options, req, res, state);
  });
  return pages;
}

interface Edit {
  values: Values;
  server: RegisteredServer;
  /** The revision that the form was made from. */
  revision: number;
}

async function save(options: FormOptions, req: Named, res: Response, edit: Edit): Promise<void> {
  const { editor, notes, upstreamAuth } = options;
  const { values, server, revision } = edit;
  const { name } = server;
  const person = personOf(req);
  try {
    if (revision !== server.revision) return await showMeanwhile(options, req, res, edit);
    const { name: _, enabled: __, ...input } = inputOf(values);
    const settings = readReplacement({ ...input, revision }, server);
    const problem = upstreamAuth.problem({ ...settings, name });
    if (problem) {
      const faults = { [problem.field]: problem.reason };
      return showForm(options, req, res, 422, { kind: 'edit', values, faults, server: shown(server) });
    }
    const edited = await editor.edit(person, name, () => settings);
    const isSame = edited.server?.revision === revision;
    const text = isSame ? 'Nothing was different, so nothing was changed.' : 'Saved.';
    res.redirect(303, notes.leave(person, `/servers/${name}`, noteOn(text, edited)));
  } catch (error) {
    if (!(error instanceof RegistryError) || error.status >= 500) throw error;
    if (error.code === 'changed_meanwhile') return await showMeanwhile(options, req, res, edit);
    if (error.code === 'not_found') return showLost(options, req, res, values);
    if (error.code === 'not_permitted') throw error;
    const faults = error.code === 'name_fixed' ? { upstream: error.message } : faultsOf(error);
    showForm(options, req, res, error.status, { kind: 'edit', values, faults, server: shown(server) });
  }
}

/** 409: shows what others have changed beside what was typed. Saving again replaces the current settings. */
async function showMeanwhile(options: FormOptions, req: Named, res: Response, edit: Edit): Promise<void> {
  const { store } = options;
  const { values: typed, revision } = edit;
  await store.refresh();
  const now = store.get(edit.server.name);
  if (!now) return showLost(options, req, res, typed);
  const log = await store.changes({ servers: [now.name], limit: 50 });
  const later = log.filter(({ id, action }) => id > revision && !ofTools.has(action));
  const meanwhile = merge(typed, now, later);
  showForm(options, req, res, 409, { kind: 'edit', values: meanwhile.values, server: shown(now), meanwhile });
}

/** Actions on a server's tools. They change no field of the form. */
const ofTools: ReadonlySet<Action> = new Set(['first-seen', 'approve']);

/** The server was deleted while the form was open: offers the input as a new registration, if the person may register it. */
function showLost(options: FormOptions, req: Named, res: Response, values: Values): void {
  if (!mayUseUi(options.policy(), personOf(req).scopes, 'register_service', values.name)) throw notFound();
  const notice = `“${values.name}” was deleted while you edited it. What you typed is below: register it again, or leave it.`;
  showForm(options, req, res, 409, { kind: 'register', values: { ...values, enabled: true }, notice });
}

function shown({ name, title, revision }: RegisteredServer): NonNullable<FormState['server']> {
  return { name, title, revision, fixed: isFixedName(name) };
}
