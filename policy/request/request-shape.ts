import { RefusedRequest } from './refused-request.ts';

/** A JSON object with unchecked members. */
export type Json = Record<string, unknown>;

/** @throws {RefusedRequest} with the message `otherwise` for anything but an object */
export function asObject(value: unknown, otherwise: string): Json {
  if (isObject(value)) return value;
  throw new RefusedRequest(otherwise);
}

/** The refusal of a method's parameters: "Invalid params" (JSON-RPC 2.0, section 5.1). */
export function invalidParams(message: string): RefusedRequest {
  return new RefusedRequest(message, { rpcCode: -32602 });
}

/** @throws {RefusedRequest} invalid params, naming `what`, for anything but an object */
export function objectParam(value: unknown, what: string): Json {
  if (isObject(value)) return value;
  throw invalidParams(`${what} must be an object`);
}

function isObject(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Why a string with a lone surrogate (RFC 8259 section 8.2) is judged as none: programs read different characters. */
export const halfCharacter = 'holds half a character: one of the two escapes of a surrogate pair';

/** @throws {RefusedRequest} invalid params, naming `what`, for anything but a well-formed string that is not empty */
export function text(value: unknown, what: string): string {
  if (typeof value === 'string' && value !== '') {
    if (value.isWellFormed()) return value;
    throw invalidParams(`${what} ${halfCharacter}`);
  }
  throw invalidParams(`${what} must be a string that is not empty`);
}

/** Names in one request, such as the resources of a subscription. Each is judged, and real clients name a few. */
const mostNames = 100;

/**
 * @throws {RefusedRequest} invalid params, naming `what`, for anything but a list of at most {@link mostNames} strings that are
 * not empty
 */
export function texts(value: unknown, what: string): string[] {
  if (!Array.isArray(value)) throw invalidParams(`${what} must be a list`);
  if (value.length > mostNames) throw invalidParams(`${what} has more than ${mostNames} entries`);
  return value.map((item) => text(item, what));
}
