import { stringify } from 'yaml';
import { isApproved, type KnownTools } from '../../../policy/known-tools.ts';
import { mayBePlain, offeredName } from '../../../policy/offered-names.ts';
import type { Policy } from '../../../policy/policy.ts';
import type { Catalogue, CatalogueEntry } from '../../access/catalogue.ts';
import type { Person } from '../../access/guards.ts';
import { notOffered, whyLeftOut } from '../../hub/picture.ts';
import type { ApprovedDefinitions } from '../../pins/approved-definitions.ts';
import { callable } from '../../search/rights.ts';
import type { SetMember } from '../../servers/server.ts';
import { isUnusable } from '../../servers/tool.ts';
import { toolId } from '../shared/tool-id.ts';

export interface SetParts {
  catalogue: Catalogue;
  policy: () => Policy;
  definitions: Pick<ApprovedDefinitions, 'hashes'>;
  knownTools: () => KnownTools;
}

/** A tool of a set: its name there, or why it is not offered, and whether this person may call it. */
export interface SetTool {
  name: string;
  id: string;
  title: string;
  /** What the tool is called at the set's address. */
  offered?: string | undefined;
  /** Why the set does not offer it. */
  leftOut?: string | undefined;
  mayCall: 'yes' | 'no' | 'waits';
}

const why = {
  gone: 'Its server does not announce it now.',
  waits: 'It waits for approval.',
  name: 'Its name does not fit behind the name of its server. Clients reach it by call_tool of mcpgw.',
};

/**
 * What a set offers, as `person` sees it: its servers, those first of which something is offered, with their tools.
 * @param entry the set, with the members that this person may see
 */
export function membersOf(parts: SetParts, person: Person, entry: CatalogueEntry) {
  const members = (entry.members ?? []).map((member) => {
    const server = parts.catalogue.get(person, member.server);
    const leftOut = server
      ? whyLeftOut(server, () => server.health, server.account !== null)
      : `${notOffered.gone} Or you may not see it.`;
    const tools = server && leftOut === undefined ? toolsOf(parts, person, member, server) : [];
    const offered = tools.filter((tool) => tool.offered !== undefined);
    return {
      ...{ name: member.server, title: server?.title ?? member.server, isThere: server !== undefined, leftOut },
      ...{ isWhole: member.tools === null, isPlain: member.prefix === 'never' },
      ...{ tools: offered, leftOutTools: tools.filter((tool) => tool.offered === undefined) },
    };
  });
  const tools = members.flatMap((member) => member.tools);
  return {
    members: members.toSorted((a, b) => Number(a.leftOut !== undefined) - Number(b.leftOut !== undefined)),
    unseen: entry.unseenMembers,
    offered: tools.length,
    own: tools.filter(({ mayCall }) => mayCall === 'yes').length,
  };
}

function toolsOf(
  { policy, definitions, knownTools }: SetParts,
  person: Person,
  member: SetMember,
  { name: server, health }: CatalogueEntry,
): SetTool[] {
  const guard = knownTools();
  const mayCall = callable(policy(), person.scopes, { readOnly: guard.readOnly });
  const pinned = definitions.hashes().get(server)?.approved;
  const announced = new Map(health.tools.filter((tool) => !isUnusable(tool)).map((tool) => [tool.name, tool]));
  return [...(member.tools ?? announced.keys())].map((name) => {
    const tool = announced.get(name);
    const offered = offeredAs(member, name);
    const leftOut = !tool ? why.gone : !pinned?.has(name) ? why.waits : offered === undefined ? why.name : undefined;
    const may = !mayCall(server, name) ? 'no' : isApproved(guard, server, name) ? 'yes' : 'waits';
    const title = tool?.title ?? tool?.description ?? '';
    return { name, id: toolId(name), title, mayCall: may, ...(leftOut === undefined ? { offered } : { leftOut }) };
  });
}

function offeredAs({ server, prefix }: SetMember, name: string): string | undefined {
  if (prefix === 'never') return mayBePlain(name, 'tool') ? name : undefined;
  return offeredName({ server, name }, 'tool');
}

/** A set as lines of a servers file, without what only this gateway knows. */
export function linesOfSet({ name, title, description, tags, members }: CatalogueEntry): string {
  const written = members?.map(({ server, tools, prefix }) => {
    return { server, ...(tools && { tools }), ...(prefix && { prefix }) };
  });
  return stringify([{ name, title, description, ...(tags.length > 0 && { tags }), members: written }]).trimEnd();
}
