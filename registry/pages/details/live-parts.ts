import type { CatalogueEntry } from '../../access/catalogue.ts';
import { digest, marksOf, type Part } from '../shared/digest.ts';
import type { Details } from './details.ts';

/** Where the page of a server hears what changes. */
export function serverLive(details: Details): string {
  return `/-/live?server=${details.server.name}&have=${marksOf(serverParts(details))}`;
}

/** The parts of a server's page that change by themselves. */
export function serverParts(details: Details): Part[] {
  const { server, rights, changes, tools, offers, charts } = details;
  const data = { details };
  const offered = [server.health.status, tools, offers, changes, rights];
  return [
    { id: 'server-state', mark: digest(['state', stateOf(server), rights]), view: 'server-state', data },
    { id: 'server-health', mark: digest(['health', stateOf(server), charts.map(sumOf)]), view: 'server-health', data },
    { id: 'server-tools', mark: digest(['tools', offered]), view: 'server-tools', data },
  ];
}

function sumOf({ rows }: Details['charts'][number]): unknown {
  return rows.map(({ checks, failed }) => [checks, failed]);
}

/** Of a server, what makes its page another. Asked often, so it looks at nothing that costs a question to the database. */
export function stateOf({ revision, enabled, health }: CatalogueEntry): unknown {
  const { status, checkedAt, error, tools } = health;
  return [revision, enabled, status, checkedAt?.getTime() ?? 0, error, tools.length];
}
