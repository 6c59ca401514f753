import { Router } from 'express';
import type { Policy } from '../../../policy/policy.ts';
import { mayUseUi, type UiPermission } from '../../../policy/ui.ts';
import { type Person, personOf } from '../../access/guards.ts';
import { notFound } from '../../access/permissions.ts';
import type { RegistryStore } from '../../store/store.ts';
import type { Render, View } from '../shared/render.ts';
import { logLines } from './changes.ts';
import { serverHref } from './view.ts';

interface AllChangesParts {
  store: Pick<RegistryStore, 'get' | 'changes' | 'namesEver'>;
  policy: () => Policy;
}

const perPage = 50;
/** No server can be called that. */
const everyServer = '/servers/-/history';

/**
 * `GET /servers/-/history`: the change log of all servers that the person may see, deleted ones included.
 * `GET /servers/:name/history`: that of a deleted server; the page of a server has its own. Both from `before` on.
 */
export function createAllChanges({ store, policy }: AllChangesParts, render: Render): Router {
  const pages = Router({ caseSensitive: true, strict: true });
  const viewOf = async (person: Person, only: string | undefined, query: Readonly<Record<string, unknown>>) => {
    const may = (permission: UiPermission, server: string) => mayUseUi(policy(), person.scopes, permission, server);
    const known = (await store.namesEver()).filter((name) => only === undefined || name === only);
    const servers = known.filter((name) => may('list_service', name));
    const before =
      typeof query.before === 'string' && /^[1-9]\d{0,14}$/.test(query.before) ? Number(query.before) : undefined;
    const changes = await store.changes({ servers, before, limit: perPage });
    const last = changes.length === perPage ? changes.at(-1)?.id : undefined;
    return {
      title: only === undefined ? 'Changes' : `${only}, deleted`,
      person,
      only,
      isFirst: before === undefined,
      log: logLines(changes, (server) => may('modify_service', server)),
      titles: new Map(servers.map((name) => [name, store.get(name)?.title])),
      older:
        last === undefined
          ? ''
          : `${only === undefined ? everyServer : serverHref(only, { tab: 'history' })}?before=${last}`,
    };
  };
  pages.get(everyServer, async (req, res) => {
    const view = await viewOf(personOf(req), undefined, req.query);
    render<View & typeof view>(res, 200, 'audit/changes', view);
  });
  pages.get('/servers/:name/history', async (req, res, next) => {
    if (store.get(req.params.name)) return next();
    const view = await viewOf(personOf(req), req.params.name, req.query);
    if (view.titles.size === 0) throw notFound();
    render<View & typeof view>(res, 200, 'audit/changes', view);
  });
  return pages;
}
