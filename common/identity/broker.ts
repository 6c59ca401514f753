import * as z from 'zod';

/**
 * A broker is a server of the gateway's own that calls other servers for its caller: the hub, and mcpgw. It gets a delegation
 * with each request, and shows it at the gate's inner address as `Authorization: Bearer`. It cannot read or change it.
 */
export const brokerName = z.enum(['hub', 'mcpgw']);

export type BrokerName = z.output<typeof brokerName>;

/** The header in which a broker, and no other server, gets its delegation. In lower case, as Node gives it. */
export const delegationHeader = 'x-mcp-delegation';

/** The header in which nginx tells the hub which set of tools was asked for; missing for all servers. In lower case. */
export const hubSetHeader = 'x-hub-set';

/** The audience of the hub's assertions, for `/mcp` and for all sets. `#` cannot occur in a server's name. */
export const hubAudience = (publicUrl: string) => `${publicUrl}/#hub`;

/** The audience of delegations: the gate itself. */
export const gateAudience = (publicUrl: string) => `${publicUrl}/#gate`;

/** The life of a delegation in seconds. It only admits: what was admitted lasts as long as the caller's own access. */
export const delegationSeconds = 120;
