import type { Request } from 'express';

export type Parameters = ReturnType<typeof readParameters>;

/**
 * Parses a query string or a form body into parameters by name, without empty ones. A repeated parameter, which RFC 6749
 * section 3.1 forbids, has no value, because neither occurrence is right.
 */
function readParameters(text: string) {
  const values = new Map<string, string>();
  const repeated = new Set<string>();
  for (const [name, value] of new URLSearchParams(text)) {
    if (values.has(name)) repeated.add(name);
    values.set(name, value);
  }
  return {
    get: (name: string) => (repeated.has(name) ? undefined : values.get(name) || undefined),
    repeated,
    /** All parameters as a query string. */
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
