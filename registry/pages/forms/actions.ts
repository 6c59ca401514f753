import { type RequestHandler, Router } from 'express';
import { formOf, readForm } from '../../access/body.ts';
import { actorOf, type Named, personOf } from '../../access/guards.ts';
import { requireOwnPage } from '../../access/own-page.ts';
import { notFound, requireRight, serverDisabled, serverFor } from '../../access/permissions.ts';
import { type ErrorCode, RegistryError } from '../../errors/registry-error.ts';
import type { Approval, ApprovedDefinitions } from '../../pins/approved-definitions.ts';
import { hintRightOf } from '../../pins/hint-gains.ts';
import type { RegisteredServer } from '../../servers/server.ts';
import type { Health } from '../../servers/server-health.ts';
import { counted } from '../shared/format.ts';
import { type Note, noteOn } from '../shared/notes.ts';
import type { FormOptions } from './form-page.ts';
import { revisionIn } from './server-form.ts';

export interface ActionOptions extends FormOptions {
  check: (server: RegisteredServer) => Promise<Health>;
  definitions: Pick<ApprovedDefinitions, 'approve'>;
  onApproved: () => Promise<void>;
}

/** Refusals that become a note on the page of the form. All others get a page of their own. */
const noted: ReadonlySet<ErrorCode> = new Set([
  'upstream_refused',
  'route_refused',
  'changed_meanwhile',
  'server_disabled',
  'name_fixed',
]);

/** Whether a refusal belongs on the page that the form was on. */
export function isNoted(error: unknown): error is RegistryError {
  return error instanceof RegistryError && noted.has(error.code);
}

/**
 * The buttons: `POST /servers/:name/enable`, `/disable`, `/check` and `/approve`. Each redirects (303) to the page that the
 * field `back` names, or to the server's page, with a note on the outcome. `/approve` approves the definitions that the
 * form names, each as `tool=<hash> <name>`; if any hash is not the waiting one, nothing is approved.
 */
export function createActions(options: ActionOptions): Router {
  const { publicUrl, catalogue, policy, editor, check, definitions, onApproved, notes } = options;
  const pages = Router({ caseSensitive: true, strict: true });
  const action = (verb: string, work: (req: Named) => Promise<Note>) => {
    const handler: RequestHandler<{ name: string }> = async (req, res) => {
      const note = await work(req).catch((error: unknown): Note => {
        if (!isNoted(error)) throw error;
        return { tone: 'bad', text: error.message, more: [] };
      });
      res.redirect(303, notes.leave(personOf(req), pageToGoBackTo(req), note));
    };
    pages.post(`/servers/:name/${verb}`, requireOwnPage(publicUrl), readForm, handler);
  };
  const toggle = (verb: string, enabled: boolean) =>
    action(verb, async (req) => {
      const { name } = req.params;
      const edited = await editor.toggle(personOf(req), name, enabled, revisionIn(formOf(req)));
      return noteOn(`“${edited.server?.title ?? name}” is ${verb}d.`, edited);
    });

  toggle('enable', true);
  toggle('disable', false);
  action('check', async (req) => {
    const server = serverFor(options, personOf(req), 'health_check_service', req.params.name);
    if (!server.enabled) throw serverDisabled(`“${server.title}”`);
    return noteOnCheck(server, await check(server));
  });
  action('approve', async (req) => {
    const { name } = req.params;
    const person = personOf(req);
    requireRight(policy(), person, 'modify_service', name);
    if (!catalogue.get(person, name)) throw notFound();
    const approvals = approvalsIn(formOf(req).getAll('tool'));
    const rejected = await definitions.approve(name, approvals, actorOf(person), hintRightOf(policy(), person, name));
    await onApproved();
    if (rejected.length > 0) return { tone: 'wait', text: 'The approved definition is kept.', more: [untilSeen] };
    const text = approvals.length === 1 ? 'The tool is approved.' : `${approvals.length} tools are approved.`;
    return { tone: 'good', text, more: [] };
  });
  return pages;
}

function noteOnCheck({ title }: RegisteredServer, { status, error, tools }: Health): Note {
  if (status === 'healthy' && error === null)
    return { tone: 'good', text: `“${title}” answers, with ${counted(tools.length, 'tool')}.`, more: [] };
  const text =
    status === 'needs-authentication' ? `“${title}” requires a credential.` : `The check of “${title}” failed.`;
  return { tone: status === 'unhealthy' ? 'bad' : 'wait', text, more: error === null ? [] : [error] };
}

const untilSeen = 'The tool stays in question until a check finds that its server announces that definition again.';
const mostTools = 1_000;

function approvalsIn(fields: readonly string[]): Approval[] {
  const read = fields.flatMap((field) => {
    const { hash, name } = /^(?<hash>[0-9a-f]{64}) (?<name>.{1,256})$/s.exec(field)?.groups ?? {};
    return hash && name ? [{ hash, name }] : [];
  });
  if (read.length === 0 || read.length > mostTools || read.length < fields.length)
    throw new RegistryError('input_invalid', 'The form does not name the tools to approve. Load the page again.');
  return read;
}

/** The list or a tab of a server's page. Any other `back` could redirect the browser to a foreign page. */
function pageToGoBackTo(req: Named): string {
  const back = formOf(req).get('back') ?? '';
  const isOurs =
    back.length <= 1_000 && /^\/(?:servers\/[a-z0-9_-]+(?:\/[a-z]+)?)?(?:\?[A-Za-z0-9=&%+._~-]*)?$/.test(back);
  return isOurs ? back : `/servers/${encodeURIComponent(req.params.name)}`;
}
