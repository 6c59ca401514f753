import type { Policy } from '../../../policy/policy.ts';
import type { Catalogue, CatalogueEntry } from '../../access/catalogue.ts';
import type { Person } from '../../access/guards.ts';
import type { ApprovedDefinitions } from '../../pins/approved-definitions.ts';
import { type ToolChanges, toolChanges } from '../../pins/changes.ts';
import { callable } from '../../search/rights.ts';
import type { HealthEvent } from '../../store/observations.ts';
import type { RegistryStore } from '../../store/store.ts';
import { type RightsOn, rightsOn } from '../shared/rights-on.ts';
import { type Access, accessTo } from './access.ts';
import { type LogLine, logLines } from './changes.ts';
import { type Chart, chartOf } from './chart.ts';
import { type ClientConfig, clientConfigs } from './clients.ts';
import { type Offers, offersOf } from './offers.ts';
import { type ShownTool, shownTools } from './tools.ts';

/** What the page of a server shows to one person. */
export interface Details {
  server: CatalogueEntry;
  rights: RightsOn;
  tools: readonly ShownTool[];
  offers: Offers;
  charts: readonly Chart[];
  events: readonly HealthEvent[];
  changes: ToolChanges;
  access: Access;
  log: readonly LogLine[];
  clients: readonly ClientConfig[];
}

/** The sources of a server's page. */
export interface DetailsParts {
  catalogue: Catalogue;
  policy: () => Policy;
  store: Pick<RegistryStore, 'observations' | 'changes'>;
  definitions: Pick<ApprovedDefinitions, 'of'>;
  now: () => Date;
}

const mostChanges = 30;
const mostEvents = 20;

/** The server called `name` as `person` sees it; undefined if they may not see it or it does not exist. */
export async function detailsFor(parts: DetailsParts, person: Person, name: string): Promise<Details | undefined> {
  const { catalogue, policy, store, definitions, now } = parts;
  const server = catalogue.get(person, name);
  if (!server) return undefined;
  const [history, known, changes] = await Promise.all([
    store.observations.history(name, now()),
    definitions.of(name),
    store.changes({ servers: [name], limit: mostChanges }),
  ]);
  const { details, tools } = server.health;
  const rights = rightsOn(policy(), person, name, server.enabled);
  const mayCall = callable(policy(), person.scopes, undefined);
  return {
    server,
    rights,
    tools: shownTools(tools, (tool) => mayCall(name, tool)),
    offers: offersOf(details?.announced),
    charts: [chartOf('day', history.chart.day, now()), chartOf('week', history.chart.week, now())],
    events: history.events.slice(0, mostEvents),
    changes: toolChanges(name, known, details?.announced ? tools : undefined),
    access: accessTo(policy(), person, name),
    log: logLines(changes, rights.edit),
    clients: clientConfigs(server),
  };
}
