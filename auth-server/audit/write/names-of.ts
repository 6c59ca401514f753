import type { Name } from '../store/names.ts';
import type { NumberedRecord } from './row.ts';

/** The names that occur in records, each once while its label stays. What a label says is what a person may type to find the records. */
export function namesOf(records: readonly NumberedRecord[]): Name[] {
  const names: Name[] = [];
  const known = {
    person: new Map(),
    client: new Map(),
    server: new Map(),
    object: new Map(),
    method: new Map(),
    reason: new Map(),
  };
  const add = (kind: Name['kind'], value: string | undefined, label = value, caller?: string) => {
    const said = `${label} ${caller}`;
    if (value === undefined || label === undefined || known[kind].get(value) === said) return;
    known[kind].set(value, said);
    names.push({ kind, value, label, caller });
  };
  for (const { record } of records) {
    const { subject, username, shown_name, client_id, client_name, resource, server, object, method, reason } = record;
    const name = shown_name && shown_name !== username ? `${shown_name} (${username})` : username;
    add('person', subject, name, record.caller);
    add('client', client_id, client_name);
    add('server', resource === 'registry' ? '#registry' : server, resource === 'registry' ? 'the registry' : server);
    add('object', object);
    add('method', method);
    add('reason', reason);
  }
  return names;
}
