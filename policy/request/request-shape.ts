import { RefusedRequest } from './refused-request.ts';

/** A JSON object with unchecked members. */
export type Json = Record<string, unknown>;

/** @throws {RefusedRequest} with the message `otherwise` for anything but an object */
export function asObject(value: unknown, otherwise: string): Json {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Json;
  throw new RefusedRequest(otherwise);
}

/** @throws {RefusedRequest} naming `what` for anything but a string that is not empty */
export function text(value: unknown, what: string): string {
  if (typeof value === 'string' && value !== '') return value;
  throw new RefusedRequest(`${what} must be a string that is not empty`);
}

/** Names in one request, such as the resources of a subscription. Each is judged, and real clients name a few. */
const mostNames = 100;

/** @throws {RefusedRequest} naming `what` for anything but a list of at most {@link mostNames} strings that are not empty */
export function texts(value: unknown, what: string): string[] {
  if (!Array.isArray(value)) throw new RefusedRequest(`${what} must be a list`);
  if (value.length > mostNames) throw new RefusedRequest(`${what} has more than ${mostNames} entries`);
  return value.map((item) => text(item, what));
}
