import { type Difference, isDenied } from './compare.ts';
import type { Door } from './conversation.ts';

type Transport = Door['transport'];

/** A difference that the gateway means, and why. */
interface Known {
  matches(difference: Difference, transport: Transport): boolean;
  why: string;
}

const isDenial = ({ gate }: Difference, code: string, ...statuses: number[]) =>
  isDenied(gate) && gate.denied === code && statuses.includes(gate.status);

/** Every difference that may be there, for the table. Any other is a fault. */
export const known: readonly Known[] = [
  {
    matches: (difference) =>
      difference.probe.startsWith('an unknown method') && isDenial(difference, 'method_unknown', 200, 404),
    why: 'The gateway itself refuses a method that MCP does not have and no rule names.',
  },
  {
    matches: (difference) =>
      difference.probe.startsWith('a ping on the ended session') && isDenial(difference, 'session_unknown', 404),
    why: 'The gateway itself answers 404 for a session that it does not know or that has ended; servers answer 400 or 404.',
  },
  {
    matches: ({ path, direct, gate }) => path.endsWith('.cacheScope') && direct === 'public' && gate === 'private',
    why: 'A list that is the same for all is private here, because the gateway shows each caller their own.',
  },
  {
    matches: ({ path, gate }) => path.endsWith('.ttlMs') && typeof gate === 'number',
    why: 'Lists may be cached for less time, so that a changed policy is seen soon.',
  },
  {
    matches: (difference, transport) =>
      transport === 'sse' && difference.probe.endsWith('with some tools') && isDenial(difference, 'not_permitted', 403),
    why: 'Over SSE a refusal, also of a list, is the status of the POST, because the answers come on a stream of the server.',
  },
  {
    matches: ({ path, direct, gate }) =>
      path === 'type' && direct === '' && /^(text\/plain|application\/json)$/.test(String(gate)),
    why: 'A body that the server sends without a media type gets one: application/json if it is JSON-RPC, else text/plain.',
  },
  {
    matches: ({ path, probe, gate }) => path === 'session' && gate === false && probe.includes('(2026-07-28)'),
    why: 'A session begins with `initialize` only: one that a server opens for a request without a session is not named.',
  },
  {
    matches: ({ probe, gate }) =>
      probe === 'refused, where another scope would help' &&
      // "no answer": mcp-remote has opened a browser, and waits for the person.
      /Insufficient scope|fetch failed|no answer/.test(JSON.stringify(gate)),
    why: 'Where another scope would help, a client that can log in asks for it, in a browser if need be, instead of showing the refusal.',
  },
];

const isKnown = (difference: Difference, transport: Transport) =>
  known.some(({ matches }) => matches(difference, transport));

/** The differences that are not known. */
export function unknownOnes(differences: readonly Difference[], transport: Transport): Difference[] {
  return differences.filter((each) => !isKnown(each, transport));
}

/** The numbers of the known differences that are there, as the page counts them. */
export function knownOnes(differences: readonly Difference[], transport: Transport): number[] {
  return known.flatMap(({ matches }, i) => (differences.some((each) => matches(each, transport)) ? [i + 1] : []));
}
