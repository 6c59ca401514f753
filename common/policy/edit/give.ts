import type { Grant } from './grant.ts';
import { EditRefused } from './refused.ts';

/**
 * Gives a group or an agent tools of a server: a rule in a scope that only they hold, and `list_service` for the server.
 * Comments, order and quoting of the file survive.
 * @param text of the policy file
 * @returns the new text, and the scope that has the rule; the same text if it grants all of it already
 * @throws {EditRefused} if it cannot be given
 */
export function giveAccess(_text: string, _grant: Grant): { text: string; scope: string } {
  throw new EditRefused('The policy cannot be edited yet.');
}
