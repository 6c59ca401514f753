import type { IncomingMessage } from 'node:http';
import { delegationHeader, hubSetHeader } from '../../../common/identity/broker.ts';
import { numberAsWritten } from '../../../policy/request/number-as-written.ts';
import type { Announced, ClientMessage, ClientSession, Reply } from '../../broker/exchange.ts';
import type { Caller } from '../caller.ts';
import { eraOf, metaKeys, objectOf } from './eras.ts';
import { codes, Refusal } from './errors.ts';
import type { HubExchange } from './hub-exchange.ts';

/** A client's message, as it came. */
export interface Read {
  message: ClientMessage;
  text: string;
  /** Its id as the client wrote it, as JSON; `null` without one. */
  idText: string;
}

/**
 * Reads a client's message. The gate has judged it: this only reads again what the gate has read.
 * @throws {Refusal} for anything but one JSON-RPC message
 */
export function readMessage(body: Buffer): Read {
  const text = body.toString('utf8');
  const message = parse(text);
  const isObject = typeof message === 'object' && message !== null && !Array.isArray(message);
  if (!isObject) throw new Refusal(400, codes.invalidRequest, 'The body must be one JSON-RPC message.');
  const { id } = message as ClientMessage;
  const number = typeof id === 'number' ? numberAsWritten(body, 'id') : undefined;
  return { message, text, idText: number ?? JSON.stringify(id ?? null) };
}

function parse(text: string): ClientMessage {
  try {
    return JSON.parse(text);
  } catch {
    throw new Refusal(400, codes.parse, 'The message is not JSON.');
  }
}

/**
 * @param session of an old client, with what it has announced
 * @throws {Refusal} if the message breaks a rule of its era
 */
export function exchangeOf(
  req: IncomingMessage,
  caller: Caller,
  { message, text, idText }: Read,
  reply: Reply,
  session: ClientSession | undefined,
): HubExchange {
  const headers = {
    version: headerOf(req, 'mcp-protocol-version'),
    method: headerOf(req, 'mcp-method'),
    name: headerOf(req, 'mcp-name'),
  };
  const era = eraOf(message, headers);
  return {
    ...whoAsks(req, caller),
    era,
    session: era === 'old' ? session : undefined,
    announced: era === 'old' && session ? session.announced : announcedIn(message),
    message,
    text,
    idText,
    reply,
  };
}

/** A header of a request. @param name in lower case */
export function headerOf({ headers }: IncomingMessage, name: string): string | undefined {
  const value = headers[name];
  return typeof value === 'string' ? value : undefined;
}

/** What the gate says of a request: the caller, the delegation, the set. */
export function whoAsks(req: IncomingMessage, caller: Caller) {
  return {
    caller,
    owner: caller.owner,
    set: headerOf(req, hubSetHeader) ?? '',
    delegation: headerOf(req, delegationHeader) ?? '',
    traceparent: headerOf(req, 'traceparent'),
  };
}

function announcedIn({ params }: ClientMessage): Announced {
  const meta = objectOf(params?._meta) ?? {};
  const objectAt = (key: string) => objectOf(meta[key]) ?? {};
  return {
    protocolVersion: String(meta[metaKeys.version] ?? ''),
    capabilities: objectAt(metaKeys.capabilities),
    clientInfo: objectAt(metaKeys.client),
  };
}
