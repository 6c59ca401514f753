import type { Kind } from './behaviour.ts';
import { brokenHttp } from './broken.ts';
import { endpoints } from './endpoints.ts';
import { floods } from './floods.ts';
import { checks, largeAnswers } from './large.ts';
import { endedAccess, evictions } from './lasting.ts';
import { manyIds } from './many-ids.ts';
import { smuggledLists } from './smuggled.ts';

/** Everything that a hostile server does, by kind. */
export const kinds: readonly Kind[] = [
  smuggledLists,
  endpoints,
  brokenHttp,
  endedAccess,
  evictions,
  manyIds,
  largeAnswers,
  checks,
  floods,
];
