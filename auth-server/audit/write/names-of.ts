import type { Name } from '../store/names.ts';
import type { NumberedRecord } from './row.ts';

/** The names that occur in records. What a label says is what a person may type to find the records. */
export function namesOf(records: readonly NumberedRecord[]): Name[] {
  return records.flatMap(({ record }) => {
    const { subject, username, shown_name, client_id, client_name, resource, server, object, method, reason } = record;
    const names: Name[] = [];
    const add = (kind: Name['kind'], value: string | undefined, label = value) => {
      if (value !== undefined && label !== undefined) names.push({ kind, value, label });
    };
    add('person', subject, shown_name && shown_name !== username ? `${shown_name} (${username})` : username);
    add('client', client_id, client_name);
    add('server', resource === 'registry' ? '#registry' : server, resource === 'registry' ? 'the registry' : server);
    add('object', object);
    add('method', method);
    add('reason', reason);
    return names;
  });
}
