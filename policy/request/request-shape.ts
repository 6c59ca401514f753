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
