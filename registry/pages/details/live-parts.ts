import type { CatalogueEntry } from '../../access/catalogue.ts';
import { digest, marksOf, type Part } from '../shared/digest.ts';
import type { Details } from './details.ts';

/** The address of the event stream of a server's page. */
export function serverLive(details: Details): string {
  return `/-/live?server=${details.server.name}&have=${marksOf(serverParts(details))}`;
}

/** The parts of a server's page that change while it is open. */
export function serverParts(details: Details): Part[] {
  const { server, rights, changes, tools, offers, charts } = details;
  const state = stateOf(server);
  const checks = charts.map(({ rows }) => rows.map(({ checks, failed }) => [checks, failed]));
  const part = (name: string, ...shown: unknown[]): Part => {
    const template = `server-${name}`;
    return { id: template, mark: digest([name, ...shown]), template, data: { details } };
  };
  return [
    part('state', state, rights),
    part('health', state, checks),
    part('tools', server.health.status, tools, offers, changes, rights),
  ];
}

/** Whatever changes a server's page. It is computed often, so it reads nothing from the database. */
export function stateOf({ revision, enabled, health }: CatalogueEntry): unknown {
  const { status, checkedAt, error, tools } = health;
  return [revision, enabled, status, checkedAt?.getTime() ?? 0, error, tools.length];
}
