import type { Response } from 'express';
import {
  type PolicyConflict as Conflict,
  type PolicyVersion,
  policyChange,
} from '../../../../common/doors/versions.ts';
import { actorOf } from '../../../access/guards.ts';
import { type ErrorCode, PolicyConflict, RegistryError } from '../../../errors/registry-error.ts';
import type { Note } from '../../shared/notes.ts';
import type { AccessOptions, Editor } from '../shared/options.ts';
import { untilInForce } from './in-force.ts';

export interface Change {
  /** The number of the version it was made from. */
  base: number;
  text: string;
  why: string;
  source: 'page' | 'revert';
  /** What was done, in a sentence. */
  done: string;
  /** The request for access that it answers; empty for none. */
  request?: string;
  /** Where to go on. */
  next?: string;
}

/** What keeps a change from being made: a fault of the form, or another change that came first. */
export type Refused = { status: number; fault?: string; why?: string } | { conflict: Conflict };

/**
 * Makes a change, and redirects to where its note and the way back are.
 * @returns undefined if it was made, or waits for a second editor
 */
export async function applyChange(
  options: AccessOptions,
  editor: Editor,
  res: Response,
  change: Change,
): Promise<Refused | undefined> {
  const { policy, policyDoor, notes } = options;
  const { base, text, why, source, done, next = '/access' } = change;
  const fault = faultOfWhy(why);
  if (fault) return { status: 400, why: fault };
  const before = policy();
  try {
    const made = await policyDoor.change(editor.assertion, { base, text, why: why.trim(), source });
    if ('proposed' in made) {
      const note: Note = {
        tone: 'wait',
        text: 'It waits for a second editor.',
        more: ['Nothing has changed yet. Another person who may change the policy confirms it on this page.'],
      };
      res.redirect(303, notes.leave(editor.person, `/access/changes/proposals/${made.proposed.id}`, note));
      return undefined;
    }
    const more = await answerRequest(options, editor, change);
    await untilInForce(policy, before);
    res.redirect(303, notes.leave(editor.person, next, { ...noteOn(done, made.applied), more }));
    return undefined;
  } catch (error) {
    if (error instanceof PolicyConflict) return { conflict: error.conflict };
    if (!(error instanceof RegistryError) || !shownInForm.has(error.code)) throw error;
    return { status: error.status, fault: error.message };
  }
}

/** Refusals that the form shows, with all that was typed. */
const shownInForm: ReadonlySet<ErrorCode> = new Set(['input_invalid', 'policy_fixed', 'policy_unavailable']);

/** The faults of a form whose change was refused. */
export function faultsOf({ fault, why }: Exclude<Refused, { conflict: Conflict }>) {
  return { ...(fault && { form: fault }), ...(why && { why }) };
}

/** What is wrong with the reason for a change; undefined if nothing is. */
function faultOfWhy(why: string): string | undefined {
  const read = policyChange.shape.why.safeParse(why);
  return read.success ? undefined : `It ${read.error.issues[0]?.message ?? 'is missing'}.`;
}

/** The note on a version that is in force, with the way back to the one before it. */
export function noteOn(text: string, { number, parent, why }: PolicyVersion): Note {
  const back = parent !== null && {
    undo: {
      action: `/access/changes/${parent}/back`,
      fields: { base: String(number), why: `Undo version ${number}: ${why}`.slice(0, 500), do: 'apply' },
    },
  };
  return {
    tone: 'good',
    text,
    more: [],
    ...back,
    link: { href: `/access/changes/${number}`, label: 'See the change' },
  };
}

/** The change stands, whatever becomes of the request. */
async function answerRequest(
  { requests }: AccessOptions,
  { person }: Editor,
  { request = '', why }: Change,
): Promise<string[]> {
  if (request === '') return [];
  try {
    const { by } = await requests.answer(request, 'given', actorOf(person), why.trim());
    return [`The request of ${by.username} is answered.`];
  } catch (error) {
    if (!(error instanceof RegistryError)) throw error;
    return [`The request could not be answered: ${error.message}`];
  }
}
