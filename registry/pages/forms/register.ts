import { type Request, type Response, Router } from 'express';
import { mayUseUiSomewhere } from '../../../policy/ui.ts';
import { formOf, readForm } from '../../access/body.ts';
import { mayEditPolicy } from '../../access/edit-policy.ts';
import { personOf } from '../../access/guards.ts';
import { requireOwnPage } from '../../access/own-page.ts';
import { RegistryError } from '../../errors/registry-error.ts';
import { readRegistration } from '../../servers/server-input.ts';
import { noteOn } from '../shared/notes.ts';
import { firstUsers, usersInWords } from './first-users.ts';
import { type FormOptions, showForm, tryConnection } from './form-page.ts';
import { importAll, showImport } from './import.ts';
import { ownNames, takenFault } from './own-names.ts';
import { emptyValues, faultsOf, inputOf, type Values, valuesIn } from './server-form.ts';

/**
 * `GET /register`, and `POST /servers/register`, the target of its form: the button `do` registers, tests the connection
 * (`test`), fills the form from a pasted server.json (`import`), or registers all that were pasted (`import-all`).
 * `POST /register` belongs to the Python original.
 */
export function createRegisterPages(options: FormOptions): Router {
  const { publicUrl, policy } = options;
  const pages = Router({ caseSensitive: true, strict: true });
  const mayRegister = (req: Request) => {
    if (mayUseUiSomewhere(policy(), personOf(req).scopes, 'register_service')) return;
    const message = 'To register a server, one of your groups needs the permission register_service.';
    throw new RegistryError('not_permitted', `${message} “My rights” shows what you may do.`);
  };
  pages.get('/register', (req, res) => {
    mayRegister(req);
    showForm(options, req, res, 200, { kind: 'register', values: emptyValues });
  });
  // A browser that reloads the answer to a rejected form without sending it again.
  pages.get('/servers/register', (_req, res) => res.redirect(303, '/register'));
  pages.post('/servers/register', requireOwnPage(publicUrl), readForm, async (req, res) => {
    mayRegister(req);
    const form = formOf(req);
    const action = form.get('do');
    if (action === 'import') return await showImport(options, req, res);
    if (action === 'import-all') return await importAll(options, req, res);
    const values = valuesIn(form);
    if (action === 'test' || hasOnlyAddress(values))
      return await tryConnection(options, req, res, { kind: 'register', values });
    await register(options, req, res, values);
  });
  return pages;
}

/** Whether the person has given the address only, and the server is to say the rest. */
function hasOnlyAddress({ name, title, description, upstream }: Values): boolean {
  return upstream.trim() !== '' && `${name}${title}${description}`.trim() === '';
}

async function register(options: FormOptions, req: Request, res: Response, values: Values): Promise<void> {
  const { catalogue, editor, notes, policy, store, upstreamAuth } = options;
  const person = personOf(req);
  try {
    const settings = readRegistration(inputOf(values));
    const problem = upstreamAuth.problem(settings);
    if (problem) {
      const faults = { [problem.field]: problem.reason };
      return showForm(options, req, res, 422, { kind: 'register', values, faults });
    }
    const edited = await editor.register(person, settings);
    const next = catalogue.get(person, settings.name) ? `/servers/${settings.name}` : '/';
    const state = settings.enabled ? 'registered' : 'registered, and disabled';
    const note = noteOn(`“${settings.title}” is ${state}.`, edited);
    const who = usersInWords(firstUsers(policy(), person, settings.name));
    const mayGive = who.isNotGiven && mayEditPolicy(policy(), person);
    const href = mayGive ? `/access/give?server=${settings.name}` : `/servers/${settings.name}/access`;
    const link = { href, label: who.next };
    const more = [...note.more, who.text];
    res.redirect(303, notes.leave(person, next, { ...note, more, ...(next !== '/' && { link }) }));
  } catch (error) {
    if (!(error instanceof RegistryError) || error.status >= 500) throw error;
    const isName = error.code === 'not_permitted' || error.code === 'name_fixed';
    const faults = isName ? { name: error.message } : faultsOf(error);
    const names = ownNames(policy(), store, person);
    const taken =
      error.code === 'name_taken' && faults.name ? takenFault(values.name.trim(), values.upstream, names) : undefined;
    if (taken !== undefined) faults.name = taken;
    showForm(options, req, res, error.status, { kind: 'register', values, faults });
  }
}
