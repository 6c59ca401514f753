import type { ToolRule } from './arguments/tool-rule.ts';

export type { Approvers, ArgumentRule, ToolRule } from './arguments/tool-rule.ts';

/** One rule as the policy file writes it. `at` is its place: `mcp-servers-restricted/read[2]`. */
export interface Rule {
  at: string;
  server: string;
  methods: readonly string[];
  /** Names and patterns of tools that may be called without a condition. */
  tools: readonly string[];
  /** Tools that may be called under a condition. */
  toolRules: readonly ToolRule[];
  prompts: readonly string[];
  resources: readonly string[];
  /** When the rule ends, in milliseconds since 1970. */
  until?: number | undefined;
}

/** How often a caller may call tools, as the policy file writes it. */
export interface Limit {
  /** Its place: `limits[0]`. */
  at: string;
  /** Groups of people, or scopes of agents; undefined for everyone. */
  who?: readonly string[] | undefined;
  /** A name or pattern. */
  server: string;
  /** Names and patterns. */
  tools: readonly string[];
  calls: number;
  seconds: 60 | 3600 | 86_400;
}

/** The values of the policy file before compilation. */
export interface PolicySource {
  groups: ReadonlyMap<string, readonly string[]>;
  scopes: ReadonlyMap<string, readonly Rule[]>;
  ui: ReadonlyMap<string, ReadonlyMap<string, readonly string[]>>;
  limits: readonly Limit[];
  /** Parts of the file that have no effect: where they are, and why. */
  idle?: readonly { at: string; message: string }[];
}
