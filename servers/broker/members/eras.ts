import { LRUCache } from 'lru-cache';
import { BrokerError } from '../errors.ts';
import type { Asking, Era } from '../exchange.ts';
import { newVersion } from './envelope.ts';
import type { Short } from './short.ts';

/** An hour. */
const rememberMilliseconds = 3_600_000;
const most = 1_000;
/** What a server answers whose versions stay unknown by it: the caller's rights, a limit, or a failure. */
const saysNothing = new Set([401, 403, 408, 429]);

/** Which era servers speak, where the registry's picture is not at hand: `server/discover` tells. */
export class Eras {
  readonly #short: Short;
  readonly #known = new LRUCache<string, Era>({ max: most, ttl: rememberMilliseconds });

  constructor(short: Short) {
    this.#short = short;
  }

  /** @throws {BrokerError} if the server cannot be asked */
  async of(asking: Asking, server: string): Promise<Era> {
    const known = this.#known.get(server);
    if (known) return known;
    const era = await this.#ask(asking, server);
    this.#known.set(server, era);
    return era;
  }

  async #ask(asking: Asking, server: string): Promise<Era> {
    const meta = {
      'io.modelcontextprotocol/protocolVersion': newVersion,
      'io.modelcontextprotocol/clientInfo': { name: 'mcp-gateway', version: '1' },
      'io.modelcontextprotocol/clientCapabilities': {},
    };
    const message = { id: 0, method: 'server/discover', params: { _meta: meta } };
    const headers = { 'mcp-protocol-version': newVersion, 'mcp-method': message.method };
    try {
      const { result } = await this.#short.ask(asking, { server, era: 'new' }, message, headers);
      const versions = result.supportedVersions;
      return Array.isArray(versions) && versions.includes(newVersion) ? 'new' : 'old';
    } catch (error) {
      if (!(error instanceof BrokerError)) throw error;
      const { status, gate } = error;
      // Without an account the server was not asked at all.
      if (gate?.startsWith('account_')) throw error;
      if (status === undefined || status >= 500 || saysNothing.has(status)) throw error;
      return 'old';
    }
  }
}
