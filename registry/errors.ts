/** What the registry answers when it does not answer with what was asked for. Codes are part of the API. */
export type ErrorCode = 'identity_required' | 'identity_unavailable' | 'not_found' | 'internal_error';

const statuses: Record<ErrorCode, number> = {
  identity_required: 401,
  identity_unavailable: 503,
  not_found: 404,
  internal_error: 500,
};

/** A refusal with a message for the caller: what happened, to what, what to do. */
export class RegistryError extends Error {
  readonly code: ErrorCode;
  readonly status: number;
  constructor(code: ErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'RegistryError';
    this.code = code;
    this.status = statuses[code];
  }
}

/** Any thrown thing as a {@link RegistryError}; what nobody expected becomes a bare 500 that tells callers nothing. */
export function toRegistryError(error: unknown): RegistryError {
  if (error instanceof RegistryError) return error;
  const status = error instanceof Error && 'status' in error ? error.status : 500;
  // Express throws 4xx errors for URLs that it cannot decode; to a caller that is an address with nothing behind it.
  if (typeof status === 'number' && status >= 400 && status < 500)
    return new RegistryError('not_found', 'There is nothing at this address.', { cause: error });
  return new RegistryError('internal_error', 'The registry failed to answer. Try again; if it stays, see its log.', {
    cause: error,
  });
}
