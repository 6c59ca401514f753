import { type Request, type Response, Router } from 'express';
import { mayUseUi, mayUseUiSomewhere } from '../../../policy/ui.ts';
import { formOf, readForm } from '../../access/body.ts';
import { type Named, type Person, personOf } from '../../access/guards.ts';
import { requireOwnPage } from '../../access/own-page.ts';
import { requireEdit } from '../../access/ownership.ts';
import { notFound } from '../../access/permissions.ts';
import { RegistryError } from '../../errors/registry-error.ts';
import { isSet, type RegisteredServer } from '../../servers/server.ts';
import { readRegistration, readReplacement } from '../../servers/server-input.ts';
import type { FormOptions } from '../forms/form-page.ts';
import { revisionIn } from '../forms/server-form.ts';
import { noteOn } from '../shared/notes.ts';
import type { View } from '../shared/render.ts';
import { type Choice, pickerFor } from './picker.ts';
import {
  emptyValues,
  type Faults,
  type Field,
  faultsOf,
  fields,
  inputOf,
  labels,
  type Values,
  valuesIn,
  valuesOf,
} from './values.ts';

interface SetForm {
  values: Values;
  faults?: Faults;
  /** The set, and its revision when the form was made; undefined for a new one. */
  server?: Pick<RegisteredServer, 'name' | 'title' | 'revision'>;
  /** Shown above the form. */
  notice?: string;
}

interface SetView extends SetForm, View {
  person: Person;
  faults: Faults;
  faultList: readonly { field: Field | 'form'; label: string; message: string }[];
  labels: typeof labels;
  choices: readonly Choice[];
}

/**
 * `GET /register?kind=set` and `POST /servers/register/set`, which make a set; `GET` and `POST /servers/:name/edit` of a set.
 * Without a script, each tool is a checkbox of one form.
 */
export function createSetPages(options: FormOptions): Router {
  const { publicUrl, policy, store } = options;
  const pages = Router({ caseSensitive: true, strict: true });
  const mayRegister = (req: Request) => {
    if (mayUseUiSomewhere(policy(), personOf(req).scopes, 'register_service')) return;
    throw new RegistryError(
      'not_permitted',
      'To make a set, one of your groups needs the permission register_service.',
    );
  };
  pages.get('/register', (req, res, next) => {
    if (req.query.kind !== 'set') return next();
    mayRegister(req);
    showForm(options, req, res, 200, { values: emptyValues });
  });
  // A browser that reloads the answer to a rejected form without sending it again.
  pages.get('/servers/register/set', (_req, res) => res.redirect(303, '/register?kind=set'));
  pages.post('/servers/register/set', requireOwnPage(publicUrl), readForm, async (req, res) => {
    mayRegister(req);
    await register(options, req, res, valuesIn(formOf(req)));
  });
  pages.get('/servers/:name/edit', (req: Named, res, next) => {
    const server = setFor(options, req);
    if (!server) return next();
    showForm(options, req, res, 200, { values: valuesOf(server), server });
  });
  pages.post(
    '/servers/:name/edit',
    (req: Named, _res, next) => {
      const server = store.get(req.params.name);
      if (!server || !isSet(server)) return next('route');
      next();
    },
    requireOwnPage(publicUrl),
    readForm,
    async (req: Named, res) => {
      const server = setFor(options, req);
      if (!server) throw notFound();
      await save(options, req, res, server);
    },
  );
  return pages;
}

/**
 * The set of this name, for a person who may change it; undefined for a server. The form shows all of its members, and its owner
 * may not see each of them.
 * @throws {RegistryError}
 */
function setFor({ policy, store }: FormOptions, req: Named): RegisteredServer | undefined {
  const server = store.get(req.params.name);
  if (!server || !isSet(server)) return undefined;
  const person = personOf(req);
  const seesAll = server.members?.every(({ server: name }) => mayUseUi(policy(), person.scopes, 'list_service', name));
  requireEdit(policy(), person, server.name, seesAll ? server : undefined);
  return server;
}

async function register(options: FormOptions, req: Request, res: Response, values: Values): Promise<void> {
  const { catalogue, editor, notes } = options;
  const person = personOf(req);
  try {
    const settings = readRegistration(inputOf(values));
    const edited = await editor.register(person, settings);
    const next = catalogue.get(person, settings.name) ? `/servers/${settings.name}` : '/';
    const note = noteOn(`“${settings.title}” is made${settings.enabled ? '' : ', and disabled'}.`, edited);
    const link = { href: `/servers/${settings.name}/access`, label: 'Who may open it' };
    res.redirect(303, notes.leave(person, next, { ...note, ...(next !== '/' && { link }) }));
  } catch (error) {
    if (!(error instanceof RegistryError) || error.status >= 500) throw error;
    showForm(options, req, res, error.status, { values, faults: faultsOf(error) });
  }
}

async function save(options: FormOptions, req: Named, res: Response, server: RegisteredServer): Promise<void> {
  const { editor, notes, store } = options;
  const person = personOf(req);
  const { name } = server;
  const values = { ...valuesIn(formOf(req)), name };
  const revision = revisionIn(formOf(req)) ?? 0;
  try {
    const { name: _, enabled: __, ...input } = inputOf(values);
    const edited = await editor.edit(person, name, (now) => readReplacement({ ...input, revision }, now));
    const isSame = edited.server?.revision === revision;
    const text = isSame ? 'Nothing was different, so nothing was changed.' : 'Saved.';
    res.redirect(303, notes.leave(person, `/servers/${name}`, noteOn(text, edited)));
  } catch (error) {
    if (!(error instanceof RegistryError) || error.status >= 500) throw error;
    if (error.code === 'not_permitted' || error.code === 'not_found') throw error;
    if (error.code !== 'changed_meanwhile')
      return showForm(options, req, res, error.status, {
        values,
        faults: faultsOf(error),
        server: { ...server, revision },
      });
    const [last] = await store.changes({ servers: [name], limit: 1 });
    const who = last?.by.username ?? 'Another user';
    const notice = `${who} has changed this set meanwhile, and nothing was saved. What you chose is below: save again to replace theirs.`;
    const now = store.get(name);
    if (!now) throw error;
    showForm(options, req, res, error.status, { values, server: now, notice });
  }
}

function showForm(
  { render, catalogue, policy }: FormOptions,
  req: Request,
  res: Response,
  status: number,
  form: SetForm,
): void {
  const { faults = {}, values, server } = form;
  const person = personOf(req);
  const faultList = (['form', ...fields] as const).flatMap((field) => {
    const message = faults[field];
    return message === undefined ? [] : [{ field, label: field === 'form' ? '' : labels[field], message }];
  });
  const title = server ? `Edit ${server.title}` : 'Make a set of tools';
  const mayDelete = server !== undefined && mayUseUi(policy(), person.scopes, 'modify_service', server.name);
  const choices = pickerFor(catalogue, person, values);
  render<SetView & { mayDelete: boolean }>(res, status, 'forms/set-form', {
    ...form,
    faults,
    faultList,
    labels,
    title,
    person,
    choices,
    mayDelete,
  });
}
