import type { RegistryError } from './registry-error.ts';

/** Addresses of the MCP registry API, whose specification says what a refusal looks like. */
const publicApi = /^\/v0(?:\.1)?(?:[/?]|$)/;
/** Addresses of the Python original; its clients look for `detail`. */
const original =
  /^\/(?:register(?:[?]|$)|toggle\/|edit\/|api\/(?:server_details|refresh)\/|api\/tools\/(?!search(?:[?]|$)))/;

/**
 * A refusal as JSON, in the words of the API that was asked; nothing when it is a page that was asked for.
 * @param url the request's path and query
 */
export function errorBody(url: string, { code, message, faults }: RegistryError): object | undefined {
  if (publicApi.test(url)) return { error: message };
  const error = { code, message, ...(faults && { faults }) };
  if (original.test(url)) return { detail: message, error };
  return /^\/api(?:[/?]|$)/.test(url) ? { error } : undefined;
}
