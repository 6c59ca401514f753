import { LRUCache } from 'lru-cache';
import type { Logger } from '../../../common/service/log.ts';
import type { Picture } from './picture.ts';

/** Servers whose last reason is remembered. */
const mostServers = 1_000;

/** Makes the log of servers that are not offered: one line for each, and one more when the reason is another. */
export function createLeftOutLog(log: Logger) {
  const told = new LRUCache<string, string>({ max: mostServers });
  return ({ members }: Picture): void => {
    for (const { server, leftOut } of members) {
      if (leftOut === undefined) told.delete(server);
      else if (told.get(server) !== leftOut) {
        told.set(server, leftOut);
        log.info({ server, reason: leftOut }, 'a server is not offered');
      }
    }
  };
}
