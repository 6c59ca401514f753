/** Who gets or loses: a group of people, or an agent by its scope. */
export interface Holder {
  kind: 'group' | 'agent';
  name: string;
}

/** What an argument must be, as the policy file writes it: `{in: […]}` or only its list, `{min, max}`, `{any: true}`;
 * `optional`, `empty`. */
export type ArgumentEntry =
  | readonly (string | number | boolean)[]
  | {
      in?: readonly (string | number | boolean)[];
      min?: number;
      max?: number;
      /** It may have any value. */
      any?: true;
      optional?: boolean;
      empty?: boolean;
    };

/** One entry of a rule's `tools` with a condition, as the policy file writes it. */
export interface ToolEntry {
  name?: string;
  hint?: 'read-only';
  arguments?: Readonly<Record<string, ArgumentEntry>>;
  only?: boolean;
  approve?: 'person' | { groups: readonly string[] };
  /** Time and offset. */
  until?: string;
}

/** What a group or an agent is to be given. */
export interface Grant {
  to: Holder;
  /** A server's name; a set's too. */
  server: string;
  /** Names, patterns (`get_*`, `*`), or entries with conditions. */
  tools: readonly (string | ToolEntry)[];
  /** When the whole grant ends: time and offset. */
  until?: string;
  alsoPrompts?: boolean;
  alsoResources?: boolean;
}
