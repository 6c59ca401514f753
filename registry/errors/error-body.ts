import { PolicyConflict, type RegistryError } from './registry-error.ts';

/** Addresses of the MCP registry API, whose specification defines the JSON of a refusal. */
const publicApi = /^\/v0(?:\.1)?(?:[/?]|$)/;
/** Addresses of the Python original. Its clients read `detail`. */
const original =
  /^\/(?:register(?:[?]|$)|toggle\/|edit\/|api\/(?:server_details|refresh)\/|api\/tools\/(?!search(?:[?]|$)))/;

/**
 * A refusal as JSON, in the form of the API that was called.
 * @param url the request's path and query
 * @returns undefined for the address of a page
 */
export function errorBody(url: string, refusal: RegistryError): object | undefined {
  const { code, message, faults } = refusal;
  if (publicApi.test(url)) return { error: message };
  const conflict = refusal instanceof PolicyConflict && { conflict: refusal.conflict };
  const error = { code, message, ...(faults && { faults }), ...conflict };
  if (original.test(url)) return { detail: message, error };
  return /^\/api(?:[/?]|$)/.test(url) ? { error } : undefined;
}
