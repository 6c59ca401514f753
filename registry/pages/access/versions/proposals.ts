import { type Request, Router } from 'express';
import { formOf, readForm } from '../../../access/body.ts';
import { requireOwnPage } from '../../../access/own-page.ts';
import { PolicyConflict, RegistryError } from '../../../errors/registry-error.ts';
import { cleaned } from '../../shared/format.ts';
import type { Note } from '../../shared/notes.ts';
import type { View } from '../../shared/render.ts';
import { noteOn } from '../change/apply.ts';
import { linesOf } from '../change/difference-lines.ts';
import { untilInForce } from '../change/in-force.ts';
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
 * `GET /access/changes/proposals/<id>`: a change that waits for a second editor, who confirms it there, with `POST` to the same
 * address.
 */
export function createProposalPages(options: AccessOptions): Router {
  const { publicUrl, policy, policyDoor, render, notes } = options;
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
      const before = policy();
      try {
        const { applied } = await policyDoor.settle(assertion, id, act);
        if (applied) await untilInForce(policy, before);
        const gone: Note = { tone: 'good', text: 'The change is withdrawn.', more: [] };
        res.redirect(303, notes.leave(person, '/access', applied ? noteOn('The change is in force.', applied) : gone));
      } catch (error) {
        if (!(error instanceof PolicyConflict)) throw error;
        res.redirect(303, notes.leave(person, `/access/changes/proposals/${id}`, overtaken));
      }
    },
  );
  return pages;
}
