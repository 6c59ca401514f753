/** A caller who may do something under one policy and not under the other. */
export interface Difference {
  kind: 'person' | 'agent';
  /** A group of people, or a scope of an agent. */
  who: string;
  change: 'gains' | 'loses';
  /**
   * In words: `tools/call get_time`, `tools/call every tool`, `list_service (in the registry)`, `approving calls of pay`,
   * `calls of pay beyond 100 an hour`.
   */
  what: string;
  /** In words: a name, `get_*`, `every server`, `any other server`. */
  server: string;
  /** In words, under which conditions: `when repo is acme/support, until 2026-12-28 17:00 UTC`. Empty if always. */
  condition: string;
  /** In words, under which conditions the other of the two policies allows it. Empty if never. */
  instead: string;
}
