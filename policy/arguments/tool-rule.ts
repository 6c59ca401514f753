/** Who may approve a call that is held: the caller (`person`), or members of these groups. */
export interface Approvers {
  person: boolean;
  groups: readonly string[];
}

/** What one argument of a call must be. With neither values nor bounds it may be anything. */
export interface ArgumentRule {
  /** As the file writes it: a key of the arguments, or a JSON pointer (RFC 6901). */
  name: string;
  /** The keys that lead to it. */
  path: readonly string[];
  /** Values that it may have; a string that ends with `*` is a glob. */
  values?: readonly (string | number | boolean)[] | undefined;
  min?: number | undefined;
  max?: number | undefined;
  /** It may be missing. */
  optional: boolean;
  /** It may be an empty array. */
  empty: boolean;
}

/** Tools that may be called under a condition: those of a name or pattern, or those that a hint covers. */
export interface ToolRule {
  pattern?: string | undefined;
  hint?: 'read-only' | undefined;
  arguments: readonly ArgumentRule[];
  /** No other top-level arguments are allowed than those that are named. */
  only: boolean;
  approve?: Approvers | undefined;
  /** When the entry ends, in milliseconds since 1970. */
  until?: number | undefined;
}
