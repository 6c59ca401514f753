import { Members, type Written } from './slow-json.ts';

/** A call as some server would read it from a body. */
export interface ReadCall {
  method: unknown;
  name: unknown;
}

/** How a server treats duplicate keys and keys in other letter case. */
type Reader = (object: Written | undefined, key: string) => Written | undefined;

const exactly = (key: string) => (other: string) => other === key;
/** Unicode simple case folding, as Go's encoding/json does it: `ſ` is an s, the Kelvin sign a k. */
const folded = (key: string) => (other: string) => new RegExp(`^${key}$`, 'iu').test(other);

const values = (object: Written | undefined, matches: (key: string) => boolean) =>
  object instanceof Members ? object.pairs.filter(([key]) => matches(key)).map(([, value]) => value) : [];

/** How servers read JSON: which of several keys wins, and which keys count as a match. */
export const readers: Record<string, Reader> = {
  'the first of duplicate keys wins': (object, key) => values(object, exactly(key))[0],
  'the last of duplicate keys wins': (object, key) => values(object, exactly(key)).at(-1),
  'the first wins in any letter case': (object, key) => values(object, folded(key))[0],
  'the last wins in any letter case': (object, key) => values(object, folded(key)).at(-1),
};

/** Every call that `reader` finds in a body: one, or each of a batch. */
export function callsIn(body: Written, reader: Reader): ReadCall[] {
  return (Array.isArray(body) ? body : [body]).map((message) => ({
    method: reader(message, 'method'),
    name: reader(reader(message, 'params'), 'name'),
  }));
}
