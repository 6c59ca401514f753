import { agentWithScopes, personInGroups } from '../caller.ts';
import { expandMethods, type Policy, wildcard } from '../policy.ts';
import type { Access } from '../request/mcp-request.ts';
import { kindsOf, methods, type ObjectKind } from '../request/methods.ts';
import { mayUseUi, uiPermissions } from '../ui.ts';
import { conditionsOn, endOfRight, newConditions, type Pair, pairOf, untilOnly } from './compare/alternatives.ts';
import { type Side, sideOf } from './compare/side.ts';
import { newApprovals } from './diff-approvals.ts';
import { newLimits } from './diff-limits.ts';
import { type Sample, type Universe, universeOf } from './universe.ts';
import { conditionWords } from './words.ts';

/** A caller who may do something under one policy and not under the other. */
export interface Difference {
  kind: 'person' | 'agent';
  /** A group of people, or a scope of an agent. */
  who: string;
  change: 'gains' | 'loses';
  /** In words: `tools/call get_time`, `tools/call every tool`, `list_service (in the registry)`. */
  what: string;
  /** In words: a name, `get_*`, `every server`, `any other server`. */
  server: string;
  /** In words, under which conditions: `when repo is acme/support, until 2026-12-28 17:00 UTC`. Empty if always. */
  condition: string;
  /** In words, under which conditions the other of the two policies allows it. Empty if never. */
  instead: string;
}
