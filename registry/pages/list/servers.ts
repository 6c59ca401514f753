import type { RequestHandler } from 'express';
import { reveal } from '../../../common/text/reveal.ts';
import { hubName, isToolName } from '../../../policy/names.ts';
import { personOf } from '../../access/guards.ts';
import { mayOpen } from '../../access/who-may-use.ts';
import type { FoundTool, ToolSearch } from '../../search/tool-search.ts';
import type { Render, View } from '../shared/render.ts';
import { toolId } from '../shared/tool-id.ts';
import { type ListParts, listFor, listLive } from './list.ts';
import { readListQuery } from './query.ts';

const mostTools = 8;
const mostDenied = 5;
const longestDescription = 300;
/**
 * Tools that fit much worse than the best one are noise beside it. Of the questions of `npm run bench:search`, this leaves out
 * half of the tools and one right one.
 */
const leastShare = 0.4;

/** `GET /?q=&show=&page=`: the servers that this person may see. With `q`, also the tools that they may call, and those that they may not. */
export function showServers(
  parts: ListParts & { search: Pick<ToolSearch, 'tools' | 'notCallable'>; publicUrl: string },
  render: Render,
): RequestHandler {
  const { catalogue, search, policy, publicUrl } = parts;
  return async (req, res) => {
    const person = personOf(req);
    const list = listFor(parts, person, readListQuery(req.query));
    const { q } = list.query;
    const found = q ? await search.tools(person, { text: q, limit: mostTools }) : undefined;
    const shown = (results: readonly FoundTool[]) => {
      const least = (results[0]?.score ?? 0) * leastShare;
      return results.flatMap((each) => {
        const serverTitle = catalogue.get(person, each.server)?.title;
        return serverTitle === undefined || each.score < least
          ? []
          : [
              {
                ...each,
                serverTitle,
                id: toolId(each.tool.name),
                says: saysOf(each.tool),
                mayBeAsked: isToolName(each.tool.name),
              },
            ];
      });
    };
    const tools = found && shown(found.results);
    const denied = q ? shown(search.notCallable(person, { text: q, limit: mostDenied })) : [];
    /** The one address for all servers, for those whom a rule lets open it. */
    const everything = mayOpen(policy(), person.scopes, hubName) ? `${publicUrl}/mcp` : undefined;
    const view = {
      title: 'Servers',
      person,
      everything,
      none: catalogue.isEmpty(),
      list,
      tools,
      denied,
      live: listLive(list),
    };
    render<View & typeof view>(res, 200, 'list/servers', view);
  };
}

/** The begin of what a server says of a tool. Hidden characters are spelled out. */
function saysOf({ description }: FoundTool['tool']): string {
  return reveal((description ?? '').slice(0, longestDescription));
}
