import { hkdfSync } from 'node:crypto';

/**
 * Derives a 256-bit key for one purpose from `SECRET_KEY` (HKDF-SHA256, RFC 5869). Each purpose has its own key, so
 * that a value sealed for one (a login attempt, which any visitor can start) is never accepted for another (a session).
 */
export function purposeKey(secretKey: string, purpose: string): Uint8Array {
  return new Uint8Array(hkdfSync('sha256', secretKey, '', `mcp-gateway ${purpose}`, 32));
}
