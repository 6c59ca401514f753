import type { CatalogueEntry } from '../../access/catalogue.ts';

/** The words for the states, except `review`, which counts. */
export const statusWords = {
  healthy: 'Healthy',
  reachable: 'Reachable',
  slow: 'Healthy, slow',
  degraded: 'Degraded',
  unhealthy: 'Unhealthy',
  'needs-authentication': 'Needs authentication',
  unknown: 'Not checked yet',
  disabled: 'Disabled',
  set: 'Set',
};

/**
 * The state of a server in one word for a page (`views/state.eta`). Tools to review come before "healthy", and after what is
 * worse.
 * @param waiting how many of its tools wait for approval
 */
export function shownStatus(server: CatalogueEntry, waiting: number): string {
  const { enabled, health, members } = server;
  if (!enabled) return 'disabled';
  if (members) return 'set';
  if (health.status === 'healthy' && waiting > 0) return 'review';
  if (isUnread(server)) return 'reachable';
  return health.details?.slow ? 'slow' : health.status;
}

/** Whether a server works and lets in people only: no check has read what it offers. */
export function isUnread({ account, health }: Pick<CatalogueEntry, 'account' | 'health'>): boolean {
  return account !== null && health.status === 'healthy' && !health.details?.announced;
}
