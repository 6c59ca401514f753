import { LRUCache } from 'lru-cache';
import type { Caller } from '../caller.ts';
import type { Change } from './feed.ts';
import { type ListName, writeList } from './lists.ts';
import type { Picture } from './picture.ts';
import { createRoutes, type Routes } from './routes.ts';

/** What the hub offers to callers with the same rights. */
export interface Offer extends Routes {
  /** The members of a list's result as JSON, without the braces. */
  list(name: ListName): Buffer;
}

interface Kept {
  offer: Offer;
  bytes: number;
  at: number;
}

export type Offers = ReturnType<typeof createOffers>;

/** In bytes, of all that is kept. One picture has at most 8 MB, and its lists about as much. */
const mostKept = 64 * 1024 * 1024;
/** Changes are told. This is for one that is not. */
const keepMilliseconds = 60_000;
/** Of an empty picture. */
const leastBytes = 4_096;
/** Sets whose members are remembered, to know whom a change concerns. */
const mostSets = 1_000;

/**
 * Keeps what callers are offered, by their rights and the set: callers with the same scopes and groups share it, and one request
 * to the registry is enough for all who ask at once. A change drops all of it. While no changes are told, nothing counts.
 * @param ask asks the registry
 * @param isTold whether the registry tells changes now
 */
export function createOffers(ask: (assertion: string, set: string) => Promise<Picture>, isTold: () => boolean) {
  const kept = new LRUCache<string, Kept>({ maxSize: mostKept, sizeCalculation: ({ bytes }) => bytes });
  const servers = new LRUCache<string, ReadonlySet<string>>({ max: mostSets });
  let flights = new Map<string, Promise<Offer>>();
  let droppedAt = 0;
  const now = () => performance.now();

  const fetchOffer = async (caller: Caller, set: string, key: string): Promise<Offer> => {
    const at = now();
    const wasTold = isTold();
    const picture = await ask(caller.assertion, set);
    servers.set(set, new Set(picture.members.map(({ server }) => server)));
    const offer = createOffer(picture, set);
    kept.set(key, { offer, bytes: leastBytes + bytesOf(picture) * 2, at: wasTold ? at : Number.NEGATIVE_INFINITY });
    return offer;
  };
  const find = (key: string): Offer | undefined => {
    const found = kept.get(key);
    return found && isTold() && found.at > droppedAt && now() - found.at < keepMilliseconds ? found.offer : undefined;
  };
  const of = (caller: Caller, set: string): Promise<Offer> => {
    const key = `${set} ${caller.rights}`;
    const found = find(key);
    if (found) return Promise.resolve(found);
    const own = flights;
    const flight = own.get(key) ?? fetchOffer(caller, set, key).finally(() => own.delete(key));
    own.set(key, flight);
    return flight;
  };
  return {
    of,
    /** The same for calls, which must not depend on the registry: while it is away, the last answer counts. */
    async forCall(caller: Caller, set: string): Promise<Offer> {
      return await of(caller, set).catch((error: unknown) => {
        const last = kept.get(`${set} ${caller.rights}`);
        if (last) return last.offer;
        throw error;
      });
    },
    /** Nothing that was asked for before counts any more. */
    drop(): void {
      droppedAt = now();
      flights = new Map();
    },
    /** Whether a change may change the lists of a set; empty for all servers. */
    concerns(set: string, change: Change): boolean {
      const own = servers.get(set);
      if (set === '' || change.policy || !own) return true;
      return change.servers.some((name) => name === set || own.has(name));
    },
  };
}

function createOffer(picture: Picture, set: string): Offer {
  const written = new Map<ListName, Buffer>();
  return {
    ...createRoutes(picture, set !== ''),
    list(name) {
      const list = written.get(name) ?? writeList(picture, name);
      written.set(name, list);
      return list;
    },
  };
}

function bytesOf({ members }: Picture): number {
  const texts = members.flatMap(({ tools, prompts, resources, templates }) => [tools, prompts, resources, templates]);
  return texts.flat().reduce((sum, text) => sum + text.length, 0);
}
