import type { SelfDescription } from './self-description.ts';
import type { Transport } from './server.ts';
import type { ToolInfo } from './tool.ts';

/**
 * `degraded`: it speaks MCP, but its tools could not be read. `needs-authentication`: it answers, but only to somebody
 * with credentials of its own. `unknown`: not asked yet.
 */
export type Status = 'healthy' | 'degraded' | 'unhealthy' | 'needs-authentication' | 'unknown';

/** One step of a check: is anybody there, do they speak MCP, what are the tools? */
export interface Step {
  step: 'reach' | 'handshake' | 'tools';
  state: 'ok' | 'failed' | 'skipped';
  /** Why it failed or was left out, for people; holds no address. */
  reason: string | null;
  ms: number;
}

/** What came of asking a server by one of its transports. */
export interface TransportCheck {
  transport: Transport;
  status: Status;
  steps: readonly Step[];
}

/** What is known besides, once a server was asked. */
export interface HealthDetails {
  /** The last check failed, and the one before had not: not enough to call it anything but healthy. */
  unstable: boolean;
  /** How long the handshake took, the slower of two transports. */
  latencyMs: number | null;
  /** The last check by transport; empty when there was nowhere to ask. */
  checks: readonly TransportCheck[];
  /** Since when the status is what it is. */
  since: Date;
  /** As the server last announced itself, and when. Null until it has. */
  announced: SelfDescription | null;
  seenAt: Date | null;
}

/** What is known about a server's health. */
export interface Health {
  status: Status;
  checkedAt: Date | null;
  /** Why it is not healthy, or why the last check of a healthy one failed; for people, holds no address. */
  error: string | null;
  /** The tools that it last announced. */
  tools: readonly ToolInfo[];
  details?: HealthDetails;
}

/** The health of a server that has not been asked. */
export const neverChecked: Health = { status: 'unknown', checkedAt: null, error: null, tools: [] };
