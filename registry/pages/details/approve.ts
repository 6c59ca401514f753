import { type Request, Router } from 'express';
import type { Policy } from '../../../policy/policy.ts';
import type { Catalogue } from '../../access/catalogue.ts';
import { personOf } from '../../access/guards.ts';
import { notFound, requireRight } from '../../access/permissions.ts';
import { RegistryError } from '../../errors/registry-error.ts';
import type { Approval, ApprovedDefinitions } from '../../pins/approved-definitions.ts';
import { formOf, readForm, requireOwnPage } from '../forms/form-body.ts';
import type { Notes } from '../forms/notes.ts';

export interface ApproveOptions {
  publicUrl: string;
  catalogue: Catalogue;
  policy: () => Policy;
  definitions: Pick<ApprovedDefinitions, 'approve'>;
  /** Told when something was approved. */
  onApproved: () => Promise<void>;
  notes: Notes;
}

const mostTools = 1_000;

/**
 * `POST /servers/:name/approve`: approves the definitions that the form names, each as `tool=<hash> <name>`, and leads back
 * to the server's page. A hash that is not the one that waits is one that nobody looked at: nothing is approved then.
 */
export function createApprovePage(options: ApproveOptions): Router {
  const { publicUrl, catalogue, policy, definitions, onApproved, notes } = options;
  const pages = Router({ caseSensitive: true, strict: true });
  pages.post(
    '/servers/:name/approve',
    requireOwnPage(publicUrl),
    readForm,
    async (req: Request<{ name: string }>, res) => {
      const { name } = req.params;
      const person = personOf(req);
      requireRight(policy(), person, 'modify_service', name);
      if (!catalogue.get(person, name)) throw notFound();
      const back = `/servers/${name}`;
      try {
        const approvals = approvalsIn(formOf(req).getAll('tool'));
        await definitions.approve(name, approvals, { sub: person.sub, username: person.username });
        await onApproved();
        const text = approvals.length === 1 ? 'The tool is approved.' : `${approvals.length} tools are approved.`;
        res.redirect(303, notes.leave(person, back, { tone: 'good', text, more: [] }));
      } catch (error) {
        if (!(error instanceof RegistryError) || error.code !== 'changed_meanwhile') throw error;
        res.redirect(303, notes.leave(person, back, { tone: 'bad', text: error.message, more: [] }));
      }
    },
  );
  return pages;
}

function approvalsIn(fields: readonly string[]): Approval[] {
  const read = fields.map((field) => /^(?<hash>[0-9a-f]{64}) (?<name>.{1,256})$/s.exec(field)?.groups);
  if (read.length === 0 || read.length > mostTools || read.includes(undefined))
    throw new RegistryError('input_invalid', 'The form does not name what is to be approved. Load the page again.');
  return read.map((groups) => ({ name: groups?.name ?? '', hash: groups?.hash ?? '' }));
}
