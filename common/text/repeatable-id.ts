import { asciiJson } from './json.ts';

/** Of an id as JSON in ASCII: nginx reads the gateway's own answers from a header. */
const longestId = 1_024;

/**
 * The id of a JSON-RPC request as an answer of the gateway's own repeats it, in ASCII.
 * @param written the id as JSON, if it is known
 * @returns undefined if there is none, or if it is too long: the answer then has the id null
 */
export function repeatableId(written: string | undefined): string | undefined {
  const ascii = written && asciiJson(written);
  return ascii && ascii.length <= longestId ? ascii : undefined;
}
