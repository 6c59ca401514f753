import type { IncomingHttpHeaders } from 'node:http';
import type { BrokerName } from '../../common/identity/broker.ts';
import { secretName } from '../../common/upstream-secrets/secrets-file.ts';
import { longestAddress, parseServerAddress } from '../../common/upstream-secrets/server-address.ts';
import { isServerName } from '../../policy/names.ts';
import type { Endpoint } from '../../policy/request/mcp-request.ts';
import { AuthError } from '../denials/auth-error.ts';
import { texts } from '../denials/texts.ts';

export interface McpTarget {
  resource: 'mcp';
  server: string;
  endpoint: Endpoint;
  routed: boolean;
  /** If the server needs a credential from the gateway: the secret's name, and the origin to which it is sent. */
  upstream?: { secret: string; origin: string } | undefined;
  /** If the server wants each person's own account: the entry's name, and the server's whole address. */
  account?: { name: string; address: string } | undefined;
  /** Set where the gate leads the request to the fixed address of a broker, whatever the server is called. */
  broker?: BrokerName | undefined;
}

/** The request that the gate holds back, as the gate describes it. Every value is set by nginx. */
export type OriginalRequest = ReturnType<typeof readOriginalRequest>;

/**
 * Reads the gate's headers (the contract is docs/validate.md). nginx drops empty headers, so a missing one is a fault of
 * the gate and denied: absence must never mean "pass".
 * @throws {AuthError} gate_misconfigured, method_not_allowed or server_not_found
 */
export function readOriginalRequest(headers: IncomingHttpHeaders) {
  const one = (name: string): string | undefined => {
    const value = headers[name];
    return typeof value === 'string' && value !== '' ? value : undefined;
  };
  const required = (name: string): string => {
    const value = one(name);
    if (value === undefined) throw new AuthError('gate_misconfigured', texts.header_missing(name));
    return value;
  };
  const { target, isInner } = readTarget(required, one);
  return {
    target,
    /** Whether it came to the inner address, where brokers call other servers for their callers. */
    isInner,
    method: required('x-original-method'),
    uri: required('x-original-uri'),
    credentials: { authorization: one('authorization'), cookie: one('cookie') },
    browser: { origin: one('origin'), fetchSite: one('sec-fetch-site'), fetchDest: one('sec-fetch-dest') },
    mcp: {
      method: one('mcp-method'),
      name: one('mcp-name'),
      protocolVersion: one('mcp-protocol-version'),
      sessionId: one('mcp-session-id'),
    },
    accept: one('accept'),
    /** The client's address, as nginx sees it (`TRUSTED_PROXIES`). */
    address: one('x-real-ip'),
    requestId: one('x-request-id'),
  };
}

type Target = { resource: 'registry' } | McpTarget;

/** A broker is named here and in no header of its own, which a proxy that copies a client's headers would not replace. */
const mcpResource = /^(inner-)?(mcp|hub|mcpgw)$/;

function readTarget(
  required: (name: string) => string,
  one: (name: string) => string | undefined,
): { target: Target; isInner: boolean } {
  const resource = required('x-resource');
  if (resource === 'registry') return { target: { resource }, isInner: false };
  const [, inner, kind] = mcpResource.exec(resource) ?? [];
  if (kind === undefined) throw new AuthError('gate_misconfigured', texts.header_unknown('X-Resource'));
  const broker = kind === 'mcp' ? undefined : (kind as BrokerName);
  const target = readMcpTarget(required, one, broker);
  return { target: broker === undefined ? target : { ...target, broker }, isInner: inner !== undefined };
}

function readMcpTarget(
  required: (name: string) => string,
  one: (name: string) => string | undefined,
  broker: BrokerName | undefined,
): McpTarget {
  const resource = 'mcp';
  const endpoint = required('x-mcp-endpoint');
  if (endpoint !== 'mcp' && endpoint !== 'sse' && endpoint !== 'messages') {
    throw new AuthError('gate_misconfigured', texts.header_unknown('X-Mcp-Endpoint'));
  }
  const server = required('x-mcp-server');
  // An invalid name is never routed. It is denied after the credentials are checked, like any unknown server.
  const mayBeRouted = isServerName(server) || (broker === 'hub' && server === 'hub');
  const routed = mayBeRouted && one('x-mcp-routed') === '1';
  const secret = one('x-mcp-secret');
  const account = readAccount(one);
  // No server has both, and no broker has an account: the gate must not leave it open which one counts.
  if (account && (secret !== undefined || broker !== undefined))
    throw new AuthError('gate_misconfigured', texts.header_unreadable('X-Mcp-Account'));
  if (account) return { resource, server, endpoint, routed, account };
  if (secret === undefined) return { resource, server, endpoint, routed };
  if (!secretName.test(secret)) throw new AuthError('gate_misconfigured', texts.header_unreadable('X-Mcp-Secret'));
  return { resource, server, endpoint, routed, upstream: { secret, origin: required('x-mcp-upstream') } };
}

function readAccount(one: (name: string) => string | undefined): McpTarget['account'] {
  const name = one('x-mcp-account');
  const address = one('x-mcp-address');
  if (name === undefined && address === undefined) return undefined;
  if (name === undefined) throw new AuthError('gate_misconfigured', texts.header_missing('X-Mcp-Account'));
  if (address === undefined) throw new AuthError('gate_misconfigured', texts.header_missing('X-Mcp-Address'));
  if (!secretName.test(name)) throw new AuthError('gate_misconfigured', texts.header_unreadable('X-Mcp-Account'));
  if (address.length > longestAddress || parseServerAddress(address) === undefined)
    throw new AuthError('gate_misconfigured', texts.header_unreadable('X-Mcp-Address'));
  return { name, address };
}
