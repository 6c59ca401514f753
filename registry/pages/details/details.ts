import type { Policy } from '../../../policy/policy.ts';
import type { Catalogue } from '../../access/catalogue.ts';
import type { Person } from '../../access/guards.ts';
import type { ApprovedDefinitions } from '../../pins/approved-definitions.ts';
import { toolChanges } from '../../pins/changes.ts';
import { callable } from '../../search/rights.ts';
import type { RegistryStore } from '../../store/store.ts';
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
  now: () => Date;
}

const mostChanges = 30;
const mostEvents = 20;

export type Details = NonNullable<Awaited<ReturnType<typeof detailsFor>>>;

/** The server called `name` as `person` sees it; undefined if they may not see it or it does not exist. */
export async function detailsFor(parts: DetailsParts, person: Person, name: string) {
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
