import type { RequestHandler } from 'express';
import { type Person, personOf } from '../../access/guards.ts';
import type { FoundTool, ToolSearch } from '../../search/tool-search.ts';
import type { Render, View } from '../shared/render.ts';
import { type List, type ListParts, listFor } from './list.ts';
import { listLive } from './live-parts.ts';
import { readListQuery } from './query.ts';

/** A tool that the search found, with the title of its server. */
interface ShownTool extends FoundTool {
  serverTitle: string;
}

/** The page of all servers. */
interface ServersView extends View {
  person: Person;
  /** Whether no server is registered at all. */
  none: boolean;
  list: List;
  /** Tools that the search found; undefined without a search. */
  tools: readonly ShownTool[] | undefined;
  /** Address of the page's event stream. */
  live: string;
}

const mostTools = 8;

/** `GET /?q=&show=&page=`: the servers that this person may see. With `q`, also the tools that they may call. */
export function showServers(parts: ListParts & { search: Pick<ToolSearch, 'tools'> }, render: Render): RequestHandler {
  const { catalogue, search } = parts;
  return async (req, res) => {
    const person = personOf(req);
    const list = listFor(parts, person, readListQuery(req.query));
    const { q } = list.query;
    const found = q ? await search.tools(person, { text: q, limit: mostTools }) : undefined;
    const tools = found?.results.flatMap((tool): ShownTool[] => {
      const serverTitle = catalogue.get(person, tool.server)?.title;
      return serverTitle === undefined ? [] : [{ ...tool, serverTitle }];
    });
    const none = catalogue.isEmpty();
    render<ServersView>(res, 200, 'servers', { title: 'Servers', person, none, list, tools, live: listLive(list) });
  };
}
