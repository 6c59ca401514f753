import type { RequestHandler } from 'express';
import { type ApprovedTools, isApproved } from '../../../policy/approved-tools.ts';
import type { Policy } from '../../../policy/policy.ts';
import type { Catalogue, CatalogueEntry } from '../../access/catalogue.ts';
import { type Person, personOf } from '../../access/guards.ts';
import { notFound } from '../../access/permissions.ts';
import type { ApprovedDefinitions } from '../../pins/approved-definitions.ts';
import { toolChanges } from '../../pins/changes.ts';
import { callable } from '../../search/rights.ts';
import { isUnusable } from '../../servers/tool.ts';
import type { RegistryStore } from '../../store/store.ts';
import { digest, marksOf, type Part } from '../shared/digest.ts';
import type { Render, View } from '../shared/render.ts';
import { rightsOn } from '../shared/rights-on.ts';
import { accessTo } from './access.ts';
import { logLines } from './changes.ts';
import { chartOf } from './chart.ts';
import { clientConfigs } from './clients.ts';
import { offersOf } from './offers.ts';
import { shownTools } from './tools.ts';

export interface DetailsParts {
  catalogue: Catalogue;
  policy: () => Policy;
  store: Pick<RegistryStore, 'observations' | 'changes'>;
  definitions: Pick<ApprovedDefinitions, 'of'>;
  approved: () => ApprovedTools | undefined;
  now: () => Date;
}

const mostChanges = 30;
const mostEvents = 20;

type Details = NonNullable<Awaited<ReturnType<typeof detailsFor>>>;

/** The server called `name` as `person` sees it; undefined if they may not see it or it does not exist. */
export async function detailsFor(parts: DetailsParts, person: Person, name: string) {
  const { catalogue, policy, store, definitions, approved, now } = parts;
  const server = catalogue.get(person, name);
  if (!server) return undefined;
  const [history, known, log] = await Promise.all([
    store.observations.history(name, now()),
    definitions.of(name),
    store.changes({ servers: [name], limit: mostChanges }),
  ]);
  const { details, tools } = server.health;
  const rights = rightsOn(policy(), person, name, server.enabled);
  const changes = toolChanges(name, known, details?.announced ? tools : undefined);
  const mayCall = callable(policy(), person.scopes, undefined);
  const allowed = approved();
  const waiting = changes.tools.filter(({ state }) => state !== 'removed').length;
  return {
    server,
    rights,
    tools: shownTools(tools, (tool) =>
      !mayCall(name, tool) ? 'no' : isApproved(allowed, name, tool) ? 'yes' : 'waits',
    ),
    offers: offersOf(details?.announced),
    charts: [chartOf('day', history.chart.day, now()), chartOf('week', history.chart.week, now())],
    events: history.events.slice(0, mostEvents),
    changes,
    /** The tools in question, which the gate may refuse until they are approved. */
    review: { waiting, refused: allowed !== undefined },
    unusable: new Set(changes.tools.filter(isUnusable).map((tool) => tool.name)),
    access: accessTo(policy(), person, name),
    log: logLines(log, rights.edit),
    clients: clientConfigs(server),
  };
}

/** `GET /servers/:name`: one server, its health, what it offers, who may use it, and how to connect to it. */
export function showServer(parts: DetailsParts, render: Render): RequestHandler<{ name: string }> {
  return async (req, res) => {
    const person = personOf(req);
    const details = await detailsFor(parts, person, req.params.name);
    if (!details) throw notFound();
    const view = { title: details.server.title, person, details, live: serverLive(details) };
    render<View & typeof view>(res, 200, 'server', view);
  };
}

/** The address of the event stream of a server's page. */
function serverLive(details: Details): string {
  return `/-/live?server=${details.server.name}&have=${marksOf(serverParts(details))}`;
}

/** The parts of a server's page that change while it is open. */
export function serverParts(details: Details): Part[] {
  const { server, rights, changes, review, tools, offers, charts } = details;
  const state = stateOf(server);
  const checks = charts.map(({ rows }) => rows.map(({ checks, failed }) => [checks, failed]));
  const part = (name: string, ...shown: unknown[]): Part => {
    const template = `server-${name}`;
    return { id: template, mark: digest([name, ...shown]), template, data: { details } };
  };
  return [
    part('state', state, rights, review),
    part('connect', server.enabled),
    part('health', state, checks),
    part('tools', server.health.status, tools, offers, changes, rights),
  ];
}

/** Whatever changes a server's page. It is computed often, so it reads nothing from the database. */
export function stateOf({ revision, enabled, health }: CatalogueEntry): unknown {
  const { status, checkedAt, error, tools } = health;
  return [revision, enabled, status, checkedAt?.getTime() ?? 0, error, tools.length];
}
