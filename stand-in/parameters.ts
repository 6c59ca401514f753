import type { Request } from 'express';

/** The parameters of one request by name. Empty ones are left out, as OAuth wants it (RFC 6749 section 3.1). */
export interface Parameters {
  get(name: string): string | undefined;
  /** Names sent more than once, which RFC 6749 section 3.1 forbids. */
  readonly repeated: ReadonlySet<string>;
  /** All of them again, as a query string. */
  toString(): string;
}

/** Reads a query string or a form body. A repeated parameter has no value at all: neither of the two is the right one. */
export function readParameters(text: string): Parameters {
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

/** The parameters in a request's form body; none when the body is anything but a form. */
export function formOf(req: Request): Parameters {
  return readParameters(typeof req.body === 'string' ? req.body : '');
}
