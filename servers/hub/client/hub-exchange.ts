import type { Announced, Exchange } from '../../broker/exchange.ts';
import type { Caller } from '../caller.ts';

/** A message of a client that has to be answered, and what the hub knows of the request that it came with. */
export interface HubExchange extends Exchange {
  readonly caller: Caller;
  /** Empty for all servers. */
  readonly set: string;
  /** The id as the client wrote it, as JSON. */
  readonly idText: string;
}

/** What a client announces that has told nothing. */
export const nothingAnnounced: Announced = { protocolVersion: '', capabilities: {}, clientInfo: {} };
