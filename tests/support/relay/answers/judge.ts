import { type Reading, type Received, readers } from '../../../../attack/readers/readers.ts';
import { get, itemsIn, strayEndpoints } from '../../../../attack/readers/view.ts';
import { parsePolicy } from '../../../../common/policy/policy-file.ts';
import { isVisible, listings } from '../../../../policy/listing.ts';
import { policyText } from '../relay-fixture.ts';
import { foreignTask } from './seeds.ts';

const policy = parsePolicy(policyText);
/** The caller of the fuzzer: a person in the group `some`. */
const scopes = ['part'];
const byField = new Map([...listings.values()].map((listing) => [listing.field, listing]));

/** What is wrong with an answer that the relay passed on, as sentences; empty if nothing is. */
export function faultsOf(received: Received, server: string): string[] {
  const readings = readers.map(({ name, read }) => ({ name, reading: read(received) }));
  const faults = readings.flatMap(({ name, reading }) => [
    ...itemsIn(reading)
      .filter((item) => !isAllowed(item, server))
      .map((item) => `${name} sees ${JSON.stringify(item.name)} in ${item.list}`),
    ...strayEndpoints(reading, server).map((where) => `${name} is led to ${JSON.stringify(where)}`),
  ]);
  const [first, ...rest] = readings.map(({ name, reading }) => ({ name, meaning: meaningOf(reading) }));
  const different = rest.filter(({ meaning }) => meaning !== first?.meaning);
  return [
    ...new Set(faults),
    ...different.map(({ name, meaning }) => `${name} reads ${meaning}, where ${first?.name} reads ${first?.meaning}`),
  ];
}

function isAllowed({ list, name }: { list: string; name: string }, server: string): boolean {
  if (list === 'tasks') return name !== foreignTask;
  const listing = byField.get(list);
  if (!listing) return false;
  // An element without a name cannot be used.
  return name === '' || isVisible({ policy, scopes, server }, listing, { [listing.key]: name });
}

/** What the gateway judges and a client acts on, in a form that is the same for readers that see the same. */
function meaningOf(reading: Reading): string {
  return JSON.stringify(
    reading.messages
      .filter((message) => typeof message === 'object' && message !== null)
      .map((message) => [
        scalars(message, ['id', 'method']),
        get(message, 'error') !== undefined,
        scalars(get(message, 'result'), ['nextCursor', 'resultType', 'taskId']),
        scalars(get(get(message, 'result'), 'task'), ['taskId']),
        [...byField.keys()].map((key) => elementsOf(get(get(message, 'result'), key))),
      ]),
  );
}

const keysOfElements = ['name', 'title', 'description', 'uri', 'uriTemplate'];

function elementsOf(list: unknown): unknown {
  return Array.isArray(list) ? list.map((element) => scalars(element, keysOfElements)) : undefined;
}

function scalars(value: unknown, keys: readonly string[]): unknown {
  if (typeof value !== 'object' || value === null) return undefined;
  return keys.map((key) => {
    const found = get(value, key);
    return typeof found === 'object' ? undefined : found;
  });
}
