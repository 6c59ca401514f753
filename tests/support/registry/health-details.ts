import type { HealthDetails } from '../../../registry/servers/server-health.ts';

/**
 * What the last check of a server with two transports found: one works, the other answers no MCP.
 * @param announced what the server says about itself
 */
export function detailsOf(
  checkedAt: Date,
  latencyMs: number | null,
  announced: Partial<NonNullable<HealthDetails['announced']>>,
): HealthDetails {
  const step = (step: 'reach' | 'handshake' | 'tools', ms: number) =>
    ({ step, state: 'ok', reason: null, ms }) as const;
  return {
    unstable: false,
    slow: (latencyMs ?? 0) > 1500,
    latencyMs,
    checks: [
      {
        transport: 'streamable-http',
        status: 'healthy',
        steps: [step('reach', 3), step('handshake', 9), step('tools', 14)],
      },
      {
        transport: 'sse',
        status: 'unhealthy',
        steps: [
          step('reach', 4),
          { step: 'handshake', state: 'failed', reason: 'It answered HTTP 500 instead of MCP.', ms: 6 },
          { step: 'tools', state: 'skipped', reason: null, ms: 0 },
        ],
      },
    ],
    since: checkedAt,
    announced: {
      ...{ name: 'server', title: null, version: '1', instructions: null, capabilities: {} },
      ...{ protocolVersion: '2025-11-25', era: 'legacy', prompts: [], resources: [], resourceTemplates: [] },
      ...announced,
    },
    seenAt: checkedAt,
  };
}
