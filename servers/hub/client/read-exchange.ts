import type { Request } from 'express';
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
export function readMessage(body: unknown): Read {
  if (!Buffer.isBuffer(body)) throw new Refusal(415, codes.invalidRequest, 'The message must be application/json.');
  const message = parse(body);
  const isObject = typeof message === 'object' && message !== null && !Array.isArray(message);
  if (!isObject) throw new Refusal(400, codes.invalidRequest, 'The body must be one JSON-RPC message.');
  const { id } = message as ClientMessage;
  const number = typeof id === 'number' ? numberAsWritten(body, 'id') : undefined;
  return { message, text: body.toString('utf8'), idText: number ?? JSON.stringify(id ?? null) };
}

function parse(body: Buffer): unknown {
  try {
    return JSON.parse(body.toString('utf8'));
  } catch {
    throw new Refusal(400, codes.parse, 'The message is not JSON.');
  }
}

/**
 * @param session of an old client, with what it has announced
 * @throws {Refusal} if the message breaks a rule of its era
 */
export function exchangeOf(
  req: Request,
  caller: Caller,
  { message, text, idText }: Read,
  reply: Reply,
  session: ClientSession | undefined,
): HubExchange {
  const headers = {
    version: req.get('mcp-protocol-version'),
    method: req.get('mcp-method'),
    name: req.get('mcp-name'),
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

/** What the gate says of a request: the caller, the delegation, the set. */
export function whoAsks(req: Request, caller: Caller) {
  return {
    caller,
    owner: caller.owner,
    set: req.get(hubSetHeader) ?? '',
    delegation: req.get(delegationHeader) ?? '',
    traceparent: req.get('traceparent'),
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
