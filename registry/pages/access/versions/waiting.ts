import { type Request, Router } from 'express';
import { settleDrift } from '../../../../common/policy/versions.ts';
import { formOf, readForm } from '../../../access/body.ts';
import { requireOwnPage } from '../../../access/own-page.ts';
import { PolicyConflict, RegistryError } from '../../../errors/registry-error.ts';
import { cleaned } from '../../shared/format.ts';
import type { Note } from '../../shared/notes.ts';
import type { View } from '../../shared/render.ts';
import { noteOn } from '../change/apply.ts';
import { linesOf } from '../change/difference-lines.ts';
import { previewOf } from '../change/preview.ts';
import { lineDiff } from '../change/yaml-diff.ts';
import { numberOf } from '../shared/numbers.ts';
import { type AccessOptions, editorOf, orNothing, seenOf } from '../shared/options.ts';

const tooLate = 'This change does not wait any more: it was confirmed or withdrawn.';
const overtaken: Note = {
  tone: 'wait',
  text: 'Another change came first.',
  more: ['This one was made from an older version: withdraw it, and make it again.'],
};

/**
 * `GET /access/changes/proposals/<id>`: a change that waits for a second editor, who confirms it there; `GET
 * /access/changes/drift`: the policy file that has changed beside the policy in force. `POST` to the same addresses settles them.
 */
export function createWaitingPages(options: AccessOptions): Router {
  const { publicUrl, policyDoor, render, notes } = options;
  const pages = Router({ caseSensitive: true, strict: true });

  pages.get('/access/changes/proposals/:id', async (req: Request<{ id: string }>, res) => {
    const { person, assertion } = editorOf(options, req);
    const current = await policyDoor.current(assertion);
    const proposal = current.proposals.find(({ id }) => id === numberOf(req.params.id));
    if (!proposal) throw new RegistryError('not_found', tooLate);
    const base = await orNothing(policyDoor.version(assertion, proposal.base));
    const groups = proposal.differences.flatMap(({ kind, who }) => (kind === 'person' ? [who] : []));
    const view = {
      ...{ title: 'A change that waits', person, id: proposal.id, reasons: proposal.reasons, more: proposal.more },
      ...{ by: cleaned(proposal.by.name, 80), at: new Date(proposal.at), why: cleaned(proposal.why, 500) },
      ...{ isOwn: proposal.by.sub === person.sub, isOvertaken: proposal.base !== current.number },
      lines: linesOf(proposal.differences, await seenOf(options, assertion, groups)),
      yaml: lineDiff(base?.text ?? current.text, proposal.text),
    };
    render<View & typeof view>(res, 200, 'access/proposal', view);
  });
  pages.post(
    '/access/changes/proposals/:id',
    requireOwnPage(publicUrl),
    readForm,
    async (req: Request<{ id: string }>, res) => {
      const { person, assertion } = editorOf(options, req);
      const id = numberOf(req.params.id);
      const act = formOf(req).get('do') === 'confirm' ? 'confirm' : 'withdraw';
      try {
        const { applied } = await policyDoor.settle(assertion, id, act);
        const gone: Note = { tone: 'good', text: 'The change is withdrawn.', more: [] };
        res.redirect(303, notes.leave(person, '/access', applied ? noteOn('The change is in force.', applied) : gone));
      } catch (error) {
        if (!(error instanceof PolicyConflict)) throw error;
        res.redirect(303, notes.leave(person, `/access/changes/proposals/${id}`, overtaken));
      }
    },
  );

  pages.get('/access/changes/drift', async (req, res) => {
    const editor = editorOf(options, req);
    const current = await policyDoor.current(editor.assertion);
    if (!current.drift) return res.redirect(303, '/access/changes');
    const { text, version } = current.drift;
    const view = {
      ...{ title: 'The policy file has changed', person: editor.person, version },
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
      ...(take && { why: 'Taken over from the policy file.' }),
    });
    if (!read.success) throw new RegistryError('input_invalid', 'The form names no file. Load the page again.');
    const answer = await policyDoor.drift(assertion, read.data);
    if ('proposed' in answer) return res.redirect(303, `/access/changes/proposals/${answer.proposed.id}`);
    const dismissed: Note = {
      tone: 'good',
      text: 'The policy stays as it is. The file is not asked about again until it changes.',
      more: [],
    };
    const note = answer.applied ? noteOn('The policy is what the file says.', answer.applied) : dismissed;
    res.redirect(303, notes.leave(person, '/access', note));
  });
  return pages;
}
