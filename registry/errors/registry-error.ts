import type { PolicyConflict as Conflict } from '../../common/doors/versions.ts';

/** Every refusal of the registry, with its HTTP status. The codes are part of the API. */
export const statuses = {
  identity_required: 401,
  identity_unavailable: 503,
  not_found: 404,
  not_permitted: 403,
  origin_refused: 403,
  session_required: 403,
  input_invalid: 400,
  content_type_unsupported: 415,
  body_too_large: 413,
  name_taken: 409,
  name_fixed: 403,
  changed_meanwhile: 409,
  policy_conflict: 409,
  policy_fixed: 409,
  server_disabled: 409,
  upstream_refused: 422,
  route_refused: 422,
  store_unavailable: 503,
  audit_unavailable: 503,
  account_unavailable: 503,
  policy_unavailable: 503,
  internal_error: 500,
} as const;

export type ErrorCode = keyof typeof statuses;

/** The HTTP status that goes with a code. */
export function statusOfCode(code: ErrorCode): number {
  return statuses[code];
}

/** One fault of the input: where (`transports.sse`; empty for the whole input), and what. */
export interface InputFault {
  path: string;
  message: string;
}

/** A refusal with a message for the caller: what happened, to what, and what to do. */
export class RegistryError extends Error {
  override readonly name = 'RegistryError';
  readonly code: ErrorCode;
  readonly status: number;
  /** With `input_invalid`: every fault of the input. */
  readonly faults: readonly InputFault[] | undefined;
  constructor(code: ErrorCode, message: string, options: ErrorOptions & { faults?: readonly InputFault[] } = {}) {
    super(message, options);
    this.faults = options.faults;
    this.code = code;
    this.status = statuses[code];
  }
}

/** Another change of the policy came first: `conflict` says which version is in force, and what changed since the base. */
export class PolicyConflict extends RegistryError {
  readonly conflict: Conflict;
  constructor(conflict: Conflict) {
    const message = `Someone has changed the policy meanwhile: version ${conflict.current} is in force. Look at what it changed, then make your change again.`;
    super('policy_conflict', message);
    this.conflict = conflict;
  }
}

/** Any thrown value as a {@link RegistryError}. An unexpected error becomes a bare 500 that tells the caller nothing. */
export function toRegistryError(error: unknown): RegistryError {
  if (error instanceof RegistryError) return error;
  const status = error instanceof Error && 'status' in error ? error.status : 500;
  // Express throws 4xx errors for URLs that it cannot decode. For the caller, such an address leads nowhere.
  if (typeof status === 'number' && status >= 400 && status < 500)
    return new RegistryError('not_found', 'There is nothing at this address.', { cause: error });
  return new RegistryError('internal_error', 'The registry failed to answer. Try again; if it stays, see its log.', {
    cause: error,
  });
}
