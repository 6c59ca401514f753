import express, { type Request, type RequestHandler } from 'express';
import { personOf } from '../../access/guards.ts';
import { RegistryError } from '../../errors/registry-error.ts';

const maxBytes = 65_536;
const parse = express.raw({ limit: maxBytes, inflate: false, type: () => true });
const forms = /^(?:application\/x-www-form-urlencoded|multipart\/form-data)(?: *;|$)/i;

/**
 * Lets a form through that a page of another site cannot have sent: one with an access token, which a browser does not
 * add by itself, or one that says it comes from our own pages (Fetch standard, "Origin header"; a page cannot set it).
 * The auth-server refuses cookies from elsewhere already; here nothing depends on a header being absent.
 * @param publicUrl the gateway's origin
 */
export function requireOwnForm(publicUrl: string): RequestHandler {
  return (req, _res, next) => {
    if (personOf(req).authMethod === 'jwt' || req.get('origin') === publicUrl) return next();
    const message = `With a session, this is only accepted from the pages of ${publicUrl}. Programs send an access token.`;
    throw new RegistryError('origin_refused', message);
  };
}

/** Reads a form of either encoding; behind it `formOf` has its fields. */
export const formInput: RequestHandler = (req, res, next) => {
  const type = req.get('content-type') ?? '';
  if (!forms.test(type)) {
    const message = 'Send a form: application/x-www-form-urlencoded or multipart/form-data.';
    throw new RegistryError('content_type_unsupported', message);
  }
  parse(req, res, (error?: unknown) => {
    if (error !== undefined) return next(unreadable(error));
    read(type, req.body).then(
      (fields) => {
        fieldsOf.set(req, fields);
        next();
      },
      (cause: unknown) => next(unreadable(cause)),
    );
  });
};

const fieldsOf = new WeakMap<object, ReadonlyMap<string, string>>();

/** The fields of a form; of one that is sent twice, the last. */
export function formOf(req: Request): ReadonlyMap<string, string> {
  return fieldsOf.get(req) ?? new Map();
}

async function read(type: string, body: unknown): Promise<ReadonlyMap<string, string>> {
  const bytes = Buffer.isBuffer(body) ? body : Buffer.alloc(0);
  const form = await new Response(new Uint8Array(bytes), { headers: { 'content-type': type } }).formData();
  return new Map([...form].filter((field): field is [string, string] => typeof field[1] === 'string'));
}

function unreadable(cause: unknown): RegistryError {
  const large = cause instanceof Error && 'type' in cause && cause.type === 'entity.too.large';
  const message = large ? `The form is larger than ${maxBytes / 1024} kB.` : 'The form cannot be read.';
  return new RegistryError('input_invalid', message, { cause, faults: [{ path: '', message }] });
}
