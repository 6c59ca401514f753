import { LRUCache } from 'lru-cache';

/**
 * A cache that drops what was used least recently. It takes memory for what it holds: with `max`, lru-cache makes room for
 * all entries at once, which is 26 MB for the caches of an auth-server, and 0.1 s of its start.
 * @param most how many entries it keeps
 * @param options `ttl` and others of lru-cache
 */
export function boundedCache<K extends {}, V extends {}>(
  most: number,
  options: Omit<LRUCache.OptionsMaxLimit<K, V, unknown>, 'max'> = {},
): LRUCache<K, V> {
  return new LRUCache<K, V>({ ...options, maxSize: most, sizeCalculation: () => 1 });
}
