import { Router } from 'express';
import { settleDrift } from '../../../../common/doors/versions.ts';
import { formOf, readForm } from '../../../access/body.ts';
import { requireOwnPage } from '../../../access/own-page.ts';
import { PolicyConflict, RegistryError } from '../../../errors/registry-error.ts';
import type { Note } from '../../shared/notes.ts';
import type { View } from '../../shared/render.ts';
import { noteOn } from '../change/apply.ts';
import { untilInForce } from '../change/in-force.ts';
import { previewOf } from '../change/preview.ts';
import { numberIn } from '../shared/numbers.ts';
import { type AccessOptions, editorOf } from '../shared/options.ts';

const overtaken: Note = {
  tone: 'wait',
  text: 'The policy or the file has changed meanwhile.',
  more: ['Look at what the file would change by now.'],
};

/**
 * `GET /access/changes/drift`: what the policy file, which has changed beside the policy in force, would change. `POST` to the same
 * address takes it over, or dismisses it.
 */
export function createDriftPages(options: AccessOptions): Router {
  const { publicUrl, policy, policyDoor, render, notes } = options;
  const pages = Router({ caseSensitive: true, strict: true });
  pages.get('/access/changes/drift', async (req, res) => {
    const editor = editorOf(options, req);
    const current = await policyDoor.current(editor.assertion);
    if (!current.drift) return res.redirect(303, '/access/changes');
    const { text, version } = current.drift;
    const view = {
      ...{ title: 'The policy file has changed', person: editor.person, version, base: current.number ?? 0 },
      preview: await previewOf(options, editor, current, text),
    };
    render<View & typeof view>(res, 200, 'access/drift', view);
  });
  pages.post('/access/changes/drift', requireOwnPage(publicUrl), readForm, async (req, res) => {
    const { person, assertion } = editorOf(options, req);
    const form = formOf(req);
    const take = form.get('do') === 'take';
    const read = settleDrift.safeParse({
      ...{ version: form.get('version'), take },
      ...(take && { base: numberIn(form.get('base') ?? ''), why: 'Taken over from the policy file.' }),
    });
    if (!read.success) throw new RegistryError('input_invalid', 'The form names no file. Load the page again.');
    const before = policy();
    const answer = await policyDoor.drift(assertion, read.data).catch((error: unknown) => {
      if (error instanceof PolicyConflict) return undefined;
      throw error;
    });
    if (!answer) return res.redirect(303, notes.leave(person, '/access/changes/drift', overtaken));
    if ('proposed' in answer) return res.redirect(303, `/access/changes/proposals/${answer.proposed.id}`);
    const dismissed: Note = {
      tone: 'good',
      text: 'The policy stays as it is. The file is not asked about again until it changes.',
      more: [],
    };
    if (answer.applied) await untilInForce(policy, before);
    const note = answer.applied ? noteOn('The policy is what the file says.', answer.applied) : dismissed;
    res.redirect(303, notes.leave(person, '/access', note));
  });
  return pages;
}
