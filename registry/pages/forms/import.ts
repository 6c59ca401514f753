import type { Request, Response } from 'express';
import { mayUseUi } from '../../../policy/ui.ts';
import { formOf } from '../../access/body.ts';
import { type Person, personOf } from '../../access/guards.ts';
import { RegistryError } from '../../errors/registry-error.ts';
import { EntryRefused } from '../../import/bounds.ts';
import { clientServers } from '../../import/client-config.ts';
import { type ImportAnswer, importServers } from '../../import/import.ts';
import { readEntry } from '../../import/read-entry.ts';
import { counted } from '../shared/format.ts';
import type { View } from '../shared/render.ts';
import { type FormOptions, showForm } from './form-page.ts';
import { valuesIn, valuesOfEntry } from './server-form.ts';

interface ImportView extends View {
  person: Person;
  json: string;
  answer: ImportAnswer;
}

/** One pasted server fills the form, so that the person reviews it. Several are shown, with what an import would do. */
export async function showImport(options: FormOptions, req: Request, res: Response): Promise<void> {
  const { render, editor } = options;
  const json = formOf(req).get('json') ?? '';
  await explaining(options, req, res, async () => {
    const pasted = parse(json);
    const entries = entriesIn(pasted);
    if (entries.length === 1) return fillIn(options, req, res, { json, entry: entries[0] });
    const person = personOf(req);
    const answer = await importServers(editor, person, pasted, true);
    render<ImportView>(res, 200, 'forms/import', { title: 'Import servers', person, json, answer });
  });
}

/** Registers all that were pasted, and says on the list of servers what became of each. */
export async function importAll(options: FormOptions, req: Request, res: Response): Promise<void> {
  const person = personOf(req);
  await explaining(options, req, res, async () => {
    const pasted = parse(formOf(req).get('json') ?? '');
    const { registered, updated, results } = await importServers(options.editor, person, pasted, false);
    const others = results.filter(({ outcome }) => outcome === 'skipped' || outcome === 'refused');
    const more = others.map(({ index, name, reason }) => `${name ?? `Entry ${index + 1}`}: ${reason}`);
    const done = [`${counted(registered, 'server')} registered`, ...(updated > 0 ? [`${updated} updated`] : [])];
    const text = `${[...done, ...(others.length > 0 ? [`${others.length} left as they were`] : [])].join(', ')}.`;
    const tone = registered + updated === 0 ? 'bad' : others.length > 0 ? 'wait' : 'good';
    res.redirect(303, options.notes.leave(person, '/', { tone, text, more }));
  });
}

/** Shows the form again if what was pasted cannot be read. */
async function explaining(options: FormOptions, req: Request, res: Response, work: () => Promise<void> | void) {
  try {
    await work();
  } catch (error) {
    const isTheirs =
      error instanceof EntryRefused || (error instanceof RegistryError && error.code === 'input_invalid');
    if (!isTheirs) throw error;
    const form = formOf(req);
    const imported = { json: form.get('json') ?? '', fault: error.message, hints: [] };
    showForm(options, req, res, 400, { kind: 'register', values: valuesIn(form), imported });
  }
}

function fillIn(
  options: FormOptions,
  req: Request,
  res: Response,
  { json, entry }: { json: string; entry: unknown },
): void {
  const { settings, hints } = readEntry(entry);
  const values = valuesOfEntry(settings);
  const mayHave = mayUseUi(options.policy(), personOf(req).scopes, 'register_service', values.name);
  const faults = mayHave ? {} : { name: 'You may not register a server of this name; choose one that you may.' };
  showForm(options, req, res, 200, { kind: 'register', values, faults, imported: { json, fault: '', hints } });
}

function parse(json: string): unknown {
  try {
    return JSON.parse(json);
  } catch {
    throw new EntryRefused('That is not JSON. Paste the whole file, from the first { to the last }.');
  }
}

/** The entries of a file, of a list, of a page of the MCP registry API, or of a client's configuration. */
function entriesIn(pasted: unknown): readonly unknown[] {
  const listed = typeof pasted === 'object' && pasted !== null && 'servers' in pasted ? pasted.servers : pasted;
  return clientServers(pasted) ?? (Array.isArray(listed) ? listed : [listed]);
}
