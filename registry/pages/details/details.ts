import type { RequestHandler } from 'express';
import type { KnownTools } from '../../../policy/known-tools.ts';
import type { Policy } from '../../../policy/policy.ts';
import type { Catalogue, CatalogueEntry } from '../../access/catalogue.ts';
import { mayEditPolicy } from '../../access/edit-policy.ts';
import { type Person, personOf } from '../../access/guards.ts';
import { notFound } from '../../access/permissions.ts';
import { accessTo, callersOf, mayCallSome, mayOpen } from '../../access/who-may-use.ts';
import type { AccountDoor } from '../../doors/account.ts';
import { mayViewActivity, type ReadUsage } from '../../doors/usage.ts';
import type { ApprovedDefinitions } from '../../pins/approved-definitions.ts';
import { toolChanges } from '../../pins/changes.ts';
import { isSet } from '../../servers/server.ts';
import { isUnusable } from '../../servers/tool.ts';
import type { RegistryStore } from '../../store/store.ts';
import { type ClientLogins, connectionsTo } from '../connect/connect.ts';
import { digest, marksOf, type Part } from '../shared/digest.ts';
import type { Render, View } from '../shared/render.ts';
import { rightsOn } from '../shared/rights-on.ts';
import { isUnread, shownStatus } from '../shared/shown-status.ts';
import { toolId } from '../shared/tool-id.ts';

import { activityOf } from './activity.ts';
import { logLines } from './changes.ts';
import { chartOf } from './chart.ts';
import { hintsOf } from './hints.ts';
import { offersOf } from './offers.ts';
import { ownAccount } from './own-account.ts';
import { linesOfSet, membersOf } from './set-members.ts';
import { toolGroups } from './tool-groups.ts';
import { toolRights } from './tool-rights.ts';
import { shownTools } from './tools.ts';
import { labels, paramsOf, readServerView, type ServerView, serverHref, type Tab, tabsOf } from './view.ts';

export interface DetailsParts {
  catalogue: Catalogue;
  policy: () => Policy;
  store: Pick<RegistryStore, 'observations' | 'changes' | 'get'>;
  account: Pick<AccountDoor, 'connected'>;
  readUsage: ReadUsage;
  definitions: Pick<ApprovedDefinitions, 'of' | 'hashes'>;
  knownTools: () => KnownTools;
  /** With which MCP clients people may log in. */
  clientLogins: ClientLogins;
  /** The hash of a server's icon, if this registry has it. */
  iconOf: (server: string) => string | undefined;
  now: () => Date;
}

const mostChanges = 30;
const mostEvents = 20;

type Details = NonNullable<Awaited<ReturnType<typeof detailsFor>>>;

/** The server called `name` as `person` sees it; undefined if they may not see it or it does not exist. */
export async function detailsFor(parts: DetailsParts, person: Person, name: string, view: ServerView) {
  const { catalogue, policy, store, definitions, knownTools, iconOf, clientLogins, now } = parts;
  const server = catalogue.get(person, name);
  if (!server) return undefined;
  const [history, known, log] = await Promise.all([
    store.observations.history(name, now()),
    definitions.of(name),
    store.changes({ servers: [name], limit: mostChanges }),
  ]);
  const [{ details, tools }, isOfSet] = [server.health, isSet(server)];
  const rights = rightsOn(policy(), person, server);
  const changes = toolChanges(name, known, details?.announced ? tools : undefined);
  const guard = knownTools();
  const pending = changes.tools.filter(({ state }) => state !== 'removed');
  const waiting = server.enabled ? pending.length : 0;
  const shown = shownTools(tools, toolRights(policy(), person, name, guard));
  const clients = connectionsTo(server, clientLogins);
  const access = accessTo(policy(), person, name, isOfSet);
  return {
    view,
    server,
    ...{ icon: iconOf(name), status: shownStatus(server, waiting) },
    rights,
    ...credentialsOf(server),
    /** Where the forms of this tab redirect to. */
    back: serverHref(name, view),
    /** What a set offers; undefined for a server. */
    set: isOfSet ? membersOf(parts, person, server) : undefined,
    lines: isOfSet && rights.edit && view.tab === 'tools' ? linesOfSet(server) : undefined,
    tabs: tabsOf(name, view, { isOfSet, hasActivity: mayViewActivity(policy(), person, name) }),
    tools: shown,
    ...toolGroups(shown, new Set(pending.map((tool) => toolId(tool.name))), view, name),
    offers: offersOf(details?.announced),
    chart: chartOf(view.span, history.chart[view.span], now()),
    spans: [
      { label: '24 h', href: serverHref(name, { tab: 'health' }), current: view.span === 'day' },
      { label: '7 d', href: serverHref(name, { tab: 'health', span: 'week' }), current: view.span === 'week' },
    ],
    events: history.events.slice(0, mostEvents),
    changes,
    /** The tools in question, which the gate may refuse until they are approved. */
    review: { waiting, refused: guard.approved !== undefined, names: pending.map((tool) => tool.shown_name) },
    changedIds: new Map(pending.map((tool) => [toolId(tool.name), tool.state])),
    hints: hintsOf(policy(), person, name, known),
    unusable: new Set(changes.tools.filter(isUnusable).map((tool) => tool.name)),
    access: { ...access, ...callersOf(access.rows, isOfSet) },
    /** Whether this person may give others access to it, and take it away. */
    mayGive: mayEditPolicy(policy(), person),
    log: logLines(log, () => rights.edit),
    /** Whether this person may call any of its tools, or open the set. */
    mayUse: isOfSet ? mayOpen(policy(), person.scopes, name) : mayCallSome(policy(), person.scopes, name),
    logins: clientLogins.allowed,
    clients: clients.map((each) => ({ ...each, href: serverHref(name, { tab: 'connect', client: each.id }) })),
    client: clients.find(({ id }) => id === view.client) ?? clients[0],
  };
}

/** What a page says about the credential of a server. Names in UPSTREAM_SECRETS_FILE are for those who may change it. */
function credentialsOf(server: CatalogueEntry) {
  const { secret, account, checks }: Partial<Record<string, string | undefined>> = server.location?.auth ?? {};
  const names = { Secret: secret, 'Entry with accounts': account, 'Credential for checks': checks };
  return {
    /** It works, but only people can read what it offers. */
    unread: isUnread(server),
    credentials: Object.entries(names).filter(([, name]) => name !== undefined),
  };
}

/**
 * `GET /servers/:name` and `GET /servers/:name/:tab`: one server: its tools, how to connect to it, who may use it, its health,
 * what was called (for those with `view_audit` for it) and its history.
 */
export function showServer(parts: DetailsParts, render: Render, tab: Tab): RequestHandler<{ name: string }> {
  return async (req, res) => {
    const person = personOf(req);
    const { name } = req.params;
    const details = await detailsFor(parts, person, name, readServerView(tab, req.query));
    if (!details || (details.set && tab === 'health')) throw notFound();
    const { title } = details.server;
    const assertion = req.get('x-mcp-assertion') ?? '';
    const view = {
      /** The reader's account there; undefined where none is wanted, or it would be of no use. */
      own: wantsOwn(details) ? await ownAccount(parts, assertion, name) : undefined,
      usage: tab === 'activity' ? await activityOf(parts, req, name) : undefined,
      title: tab === 'tools' ? title : `${labels[tab]} · ${title}`,
      person,
      details,
      live: serverLive(details),
    };
    render<View & typeof view>(res, 200, 'server/server', view);
  };
}

function wantsOwn({ server, mayUse }: Details): boolean {
  return server.enabled && server.account?.isCovered === true && mayUse;
}

/** The address of the event stream of a server's page. */
function serverLive(details: Details): string {
  const { server, view } = details;
  const params = new URLSearchParams([['server', server.name], ['tab', view.tab], ...paramsOf(view)]);
  return `/-/live?${params}&have=${marksOf(serverParts(details))}`;
}

/** The parts of a server's page that change while it is open: its head, the tabs, and the tab that is shown. */
export function serverParts(details: Details): Part[] {
  const { server, rights, changes, review, tools, groups, offers, chart, status, view } = details;
  const state = stateOf(server);
  const part = (name: string, ...shown: unknown[]): Part => {
    const template = name === 'tools' && details.set ? 'server/set-members' : `server/server-${name}`;
    const id = `server-${name}`;
    return { id, mark: digest([name, ...shown]), template, data: { details } };
  };
  const ofTab: Record<Tab, Part[]> = {
    tools: [
      part('changes', changes, rights, details.hints.waiting, details.hints.who, [...details.hints.changed]),
      part('tools', status, tools, groups.length, [...details.changedIds], offers, details.set),
    ],
    connect: [part('connect', server.enabled, details.mayUse)],
    access: [],
    health: [
      part(
        'health',
        state,
        chart.rows.map(({ checks, failed }) => [checks, failed]),
      ),
    ],
    activity: [],
    history: [],
  };
  return [
    part('state', state, rights, review, details.icon),
    part('tabs', tools.length, review.waiting),
    ...ofTab[view.tab],
  ];
}

/** Whatever changes a server's page. It is computed often, so it reads nothing from the database. */
export function stateOf({ revision, enabled, health }: CatalogueEntry): unknown {
  const { status, checkedAt, error, tools } = health;
  return [revision, enabled, status, checkedAt?.getTime() ?? 0, error, tools.length];
}
