import express, { type Request, type RequestHandler } from 'express';
import { RegistryError } from '../../errors/registry-error.ts';

const maxBytes = 262_144;
const parse = express.raw({ limit: maxBytes, inflate: false, type: () => true });

/**
 * Lets a form through that comes from our own pages and from nowhere else (Fetch Metadata, `Sec-Fetch-Site`; a page cannot
 * set it). A browser that does not say so has to name our origin (Fetch standard, "Origin header"). A header that is missing
 * never means yes.
 * @param publicUrl the gateway's origin
 */
export function requireOwnPage(publicUrl: string): RequestHandler {
  return (req, _res, next) => {
    const site = req.get('sec-fetch-site');
    const origin = req.get('origin');
    const isOwn = site === undefined ? origin === publicUrl : site === 'same-origin';
    if (isOwn && (origin === undefined || origin === publicUrl)) return next();
    throw new RegistryError('origin_refused', `This form was not sent from a page of ${publicUrl}.`);
  };
}

const bodies = new WeakMap<object, URLSearchParams>();

/** Reads a form (`application/x-www-form-urlencoded`, as browsers send it); behind it {@link formOf} has its fields. */
export const readForm: RequestHandler = (req, res, next) => {
  if (!/^application\/x-www-form-urlencoded *(?:;|$)/i.test(req.get('content-type') ?? '')) {
    const message = 'Send a form as application/x-www-form-urlencoded. Programs use the API below /api.';
    throw new RegistryError('content_type_unsupported', message);
  }
  parse(req, res, (error?: unknown) => {
    if (error === undefined) {
      bodies.set(req, new URLSearchParams(Buffer.isBuffer(req.body) ? req.body.toString('utf8') : ''));
      return next();
    }
    const isLarge = error instanceof Error && 'type' in error && error.type === 'entity.too.large';
    const large = new RegistryError('body_too_large', `The form is larger than ${maxBytes / 1024} kB.`);
    next(isLarge ? large : new RegistryError('input_invalid', 'The form cannot be read.', { cause: error }));
  });
};

/** The fields of a form that {@link readForm} has read. */
export function formOf(req: Request): URLSearchParams {
  return bodies.get(req) ?? new URLSearchParams();
}

/** The revision of a server that a form was made for; undefined if it names none. */
export function revisionIn(form: URLSearchParams): number | undefined {
  const text = form.get('revision') ?? '';
  return /^[1-9]\d{0,14}$/.test(text) ? Number(text) : undefined;
}
