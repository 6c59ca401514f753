import { limitWords, perWords, serverWords, toolsWords } from '../../../policy/review/words.ts';

/** A limit, and what was used of it. */
interface Used {
  server: string;
  tools: readonly string[];
  most: number;
  seconds: keyof typeof perWords;
  calls: number;
  /** When the next window begins, in seconds since 1970. */
  endsAt: number;
}

/** How much of a limit was used and is left, and when all of it is there again. */
export function shownLimit(used: Used) {
  const { server, tools, most, calls, seconds, endsAt } = used;
  const left = Math.max(0, most - calls);
  return {
    words: limitWords({ server, tools, seconds, calls: most }),
    what: `${toolsWords(tools)} on ${serverWords(server)}`,
    per: perWords[seconds],
    ...{ most, calls: Math.min(calls, most), left },
    tone: left === 0 ? 'bad' : calls * 2 >= most ? 'wait' : 'healthy',
    again: new Date(endsAt * 1000),
  } as const;
}
