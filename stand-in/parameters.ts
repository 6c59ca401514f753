import type { Request } from 'express';

/** The parameters of a request by name, without empty ones (RFC 6749 section 3.1). */
export interface Parameters {
  get(name: string): string | undefined;
  /** Repeated names, which RFC 6749 section 3.1 forbids. */
  readonly repeated: ReadonlySet<string>;
  /** All parameters as a query string. */
  toString(): string;
}

/** Parses a query string or a form body. A repeated parameter has no value, because neither occurrence is right. */
function readParameters(text: string): Parameters {
  const values = new Map<string, string>();
  const repeated = new Set<string>();
  for (const [name, value] of new URLSearchParams(text)) {
    if (values.has(name)) repeated.add(name);
    values.set(name, value);
  }
  return {
    get: (name) => (repeated.has(name) ? undefined : values.get(name) || undefined),
    repeated,
    toString: () => new URLSearchParams([...values].filter(([, value]) => value)).toString(),
  };
}

/** The parameters in a request's URL. */
export function queryOf(req: Request): Parameters {
  const start = req.originalUrl.indexOf('?');
  return readParameters(start < 0 ? '' : req.originalUrl.slice(start + 1));
}

/** The parameters in a request's form body; none if the body is not a form. */
export function formOf(req: Request): Parameters {
  return readParameters(typeof req.body === 'string' ? req.body : '');
}
