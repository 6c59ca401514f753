import type { Decision } from '../../../common/doors/decisions.ts';

/** `activity_id` and `activity_name` of OCSF's API Activity. */
export interface Activity {
  id: 2 | 4 | 99;
  name: string;
}

const reads = /\/(list|read|get|result)$/;

/**
 * What a record is about. The gateway cannot know whether a tool creates, changes or deletes: a call is “Other”, named by its
 * method, as the schema wants it.
 */
export function activityOf({ method, http }: Pick<Decision, 'method' | 'http'>): Activity {
  const verb = http?.split(' ')[0] ?? '';
  if (method === undefined && verb === 'DELETE') return { id: 4, name: 'Delete' };
  if (method === undefined ? verb === 'GET' || verb === 'HEAD' : reads.test(method)) return { id: 2, name: 'Read' };
  return { id: 99, name: method ?? (verb || 'unknown') };
}
