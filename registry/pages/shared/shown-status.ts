import type { CatalogueEntry } from '../../access/catalogue.ts';

/** The words for the states, except `review`, which counts. */
export const statusWords = {
  healthy: 'Healthy',
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
export function shownStatus({ enabled, health, members }: CatalogueEntry, waiting: number): string {
  if (!enabled) return 'disabled';
  if (members) return 'set';
  if (health.status === 'healthy' && waiting > 0) return 'review';
  return health.details?.slow ? 'slow' : health.status;
}
