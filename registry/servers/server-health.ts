import type { SelfDescription } from './self-description.ts';
import type { Transport } from './server.ts';
import type { ToolInfo } from './tool.ts';

/**
 * `degraded`: it speaks MCP, but its tools could not be read. `needs-authentication`: it only answers requests with
 * credentials of its own. `unknown`: not checked yet.
 */
export type Status = 'healthy' | 'degraded' | 'unhealthy' | 'needs-authentication' | 'unknown';

/** One step of a check: reach the server, speak MCP with it, read its tools. */
export interface Step {
  step: 'reach' | 'handshake' | 'tools';
  state: 'ok' | 'failed' | 'skipped';
  /** Why it failed or was skipped, as a message for users without addresses. */
  reason: string | null;
  ms: number;
}

/** The result of a check over one transport. */
export interface TransportCheck {
  transport: Transport;
  status: Status;
  steps: readonly Step[];
}

/** Details, once a server has been checked. */
export interface HealthDetails {
  /** The server counts as healthy, but its last check failed. */
  unstable: boolean;
  /** It works, but callers wait for it: its answers take more than two seconds. */
  slow?: boolean;
  /** Duration of the handshake, or of the only request of a check that made none; of two transports, the longer one. */
  latencyMs: number | null;
  /** The last check by transport; empty if the server had no address. */
  checks: readonly TransportCheck[];
  /** When the current status began. */
  since: Date;
  /** The server's last self-description, and its time. Null until there is one. */
  announced: SelfDescription | null;
  seenAt: Date | null;
}

export interface Health {
  status: Status;
  checkedAt: Date | null;
  /** Why the last check failed, as a message for users without addresses. */
  error: string | null;
  /** The tools in its last answer. */
  tools: readonly ToolInfo[];
  details?: HealthDetails;
}

export const neverChecked: Health = { status: 'unknown', checkedAt: null, error: null, tools: [] };
