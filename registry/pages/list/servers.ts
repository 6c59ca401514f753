import type { RequestHandler } from 'express';
import { personOf } from '../../access/guards.ts';
import type { ToolSearch } from '../../search/tool-search.ts';
import type { Render, View } from '../shared/render.ts';
import { type ListParts, listFor, listLive } from './list.ts';
import { readListQuery } from './query.ts';

const mostTools = 8;

/** `GET /?q=&show=&page=`: the servers that this person may see. With `q`, also the tools that they may call. */
export function showServers(parts: ListParts & { search: Pick<ToolSearch, 'tools'> }, render: Render): RequestHandler {
  const { catalogue, search } = parts;
  return async (req, res) => {
    const person = personOf(req);
    const list = listFor(parts, person, readListQuery(req.query));
    const { q } = list.query;
    const found = q ? await search.tools(person, { text: q, limit: mostTools }) : undefined;
    const tools = found?.results.flatMap((tool) => {
      const serverTitle = catalogue.get(person, tool.server)?.title;
      return serverTitle === undefined ? [] : [{ ...tool, serverTitle }];
    });
    const view = { title: 'Servers', person, none: catalogue.isEmpty(), list, tools, live: listLive(list) };
    render<View & typeof view>(res, 200, 'servers', view);
  };
}
