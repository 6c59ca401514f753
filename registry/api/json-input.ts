import express, { type RequestHandler } from 'express';
import { RegistryError } from '../errors/registry-error.ts';

/**
 * Reads the body of a write, which has to say that it is JSON even when it has none: a page of another site cannot send
 * that type without being asked first (Fetch standard, "CORS-safelisted request-header").
 * Behind it `req.body` is the value, or undefined.
 */
export const jsonInput = jsonInputOf(65_536);

/** {@link jsonInput} for bodies of up to `maxBytes`. */
export function jsonInputOf(maxBytes: number): RequestHandler {
  const parse = express.json({ limit: maxBytes, inflate: false, type: () => true });
  return (req, res, next) => {
    if (!/^application\/json *(?:;|$)/i.test(req.get('content-type') ?? '')) {
      const message = 'Send it with the header Content-Type: application/json, also where there is no body.';
      throw new RegistryError('content_type_unsupported', message);
    }
    parse(req, res, (error?: unknown) => {
      if (error === undefined) return next();
      const large = error instanceof Error && 'type' in error && error.type === 'entity.too.large';
      const message = large ? `The body is larger than ${maxBytes / 1024} kB.` : 'The body is not a JSON object.';
      next(new RegistryError('input_invalid', message, { cause: error, faults: [{ path: '', message }] }));
    });
  };
}
