import type { CatalogueEntry } from '../../access/catalogue.ts';

/**
 * The state of a server in one word for a page (`views/state.eta`). Tools to review come before "healthy", and after what is
 * worse.
 * @param waiting how many of its tools wait for approval
 */
export function shownStatus({ enabled, health }: CatalogueEntry, waiting: number): string {
  if (!enabled) return 'disabled';
  if (health.status === 'healthy' && waiting > 0) return 'review';
  return health.details?.slow ? 'slow' : health.status;
}
