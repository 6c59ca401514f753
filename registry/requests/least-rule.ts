import { EditRefused } from '../../common/policy/edit/refused.ts';
import { giveAccessSoon } from '../../common/policy/edit/soon.ts';
import { decide } from '../../policy/decide.ts';
import type { KnownTools } from '../../policy/known-tools.ts';
import { type Policy, scopesOfGroups } from '../../policy/policy.ts';
import { type Access, anyArguments, type ToolArguments, unknownArguments } from '../../policy/request/mcp-request.ts';
import { groupsThatHelp } from '../../policy/review/remedy.ts';
import { RegistryError } from '../errors/registry-error.ts';
import type { AccessRequest } from '../store/requests.ts';

/** How a request could be met. */
export interface Remedies {
  /** The policy allows all of it already, for the groups that the person had when they asked: with some arguments at least. */
  isAllowed: boolean;
  /** It allows all of it with every argument, and no call waits for an approval. */
  isWhole: boolean;
  /** Groups that have what is asked for: the least powerful first. Someone can put the person into one. */
  join: string[];
}

const mostGroups = 3;

/**
 * What would meet a request, by the policy. Pure.
 * @param known the tools whose hints count. Whether a tool waits for its approval is not for the policy to say
 */
export function remediesFor(
  policy: Policy,
  { readOnly }: Pick<KnownTools, 'readOnly'>,
  request: Pick<AccessRequest, 'server' | 'tools' | 'groups'>,
): Remedies {
  const { server } = request;
  const scopes = scopesOfGroups(policy, request.groups);
  const allows = (given: ToolArguments) =>
    decide(policy, scopes, server, accessesOf(request, given), { readOnly }).allowed;
  const [isAllowed, isWhole] = [allows(anyArguments), allows(unknownArguments)];
  // A group that may call the tools with some arguments only does not have all of it.
  const denied = { scopes, server, accesses: accessesOf(request, unknownArguments), tools: { readOnly } };
  return { isAllowed, isWhole, join: isWhole ? [] : groupsThatHelp(policy, denied, mostGroups) };
}

/**
 * Requires that the policy allows what a request asks for, before it is answered so.
 * @throws {RegistryError} `input_invalid`
 */
export function requireGiven(policy: Policy, known: Pick<KnownTools, 'readOnly'>, request: AccessRequest): void {
  if (remediesFor(policy, known, request).isAllowed) return;
  const message = 'The policy does not allow it yet: change the policy first.';
  throw new RegistryError('input_invalid', message, { faults: [{ path: 'state', message }] });
}

/**
 * The least rule that would do, for a group: these tools of this server and no more, as an edit of the policy file writes it.
 * @param text of the policy file
 * @param isSet a rule without tools opens it
 * @returns the lines that the edit adds; or why it cannot be made, as a sentence
 */
export async function leastRule(
  text: string,
  group: string,
  { server, tools }: Pick<AccessRequest, 'server' | 'tools'>,
  isSet = false,
): Promise<{ lines: string } | { refused: string }> {
  if (tools.length === 0 && !isSet) return { refused: 'The request names no tools: choose them.' };
  try {
    const given = await giveAccessSoon(text, { to: { kind: 'group', name: group }, server, tools });
    return { lines: addedLines(text, given.text) };
  } catch (error) {
    if (error instanceof EditRefused) return { refused: error.message };
    throw error;
  }
}

/** The lines of a text that another one lacks, in their order. */
export function addedLines(before: string, after: string): string {
  const [old, now] = [before.split('\n'), after.split('\n')];
  const left = Map.groupBy(now.keys(), (index) => now[index] ?? '');
  const added: string[] = [];
  let at = 0;
  for (const [index, line] of now.entries()) {
    // Lines that the new text has no more were replaced.
    while (at < old.length && old[at] !== line && (left.get(old[at] ?? '')?.at(-1) ?? -1) < index) at += 1;
    if (old[at] === line) at += 1;
    else added.push(line);
  }
  return added.join('\n').trim();
}

/** A request without tools is for some access: it is met once the person may open the server. */
function accessesOf({ tools }: Pick<AccessRequest, 'tools'>, given: ToolArguments): readonly [Access, ...Access[]] {
  const [first, ...rest] = tools.map((name): Access => {
    return { method: 'tools/call', object: { kind: 'tool', name }, arguments: given };
  });
  return first ? [first, ...rest] : [{ method: 'initialize' }];
}
