/**
 * How a client of SDK v2 negotiates the protocol version over a transport. The legacy one (2024-11-05) knows no headers of
 * 2026-07-28: servers refuse a version header without the others (-32020).
 */
export function negotiationOver(transport: 'streamable-http' | 'sse'): 'auto' | 'legacy' {
  return transport === 'sse' ? 'legacy' : 'auto';
}
