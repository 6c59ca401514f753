import express, { type Request, type RequestHandler } from 'express';
import { type ErrorCode, RegistryError } from '../errors/registry-error.ts';
import { personIfAny } from './guards.ts';

/** Which bodies a route reads, and the words of its refusals. */
interface BodyRule {
  type: RegExp;
  /** Says what to send instead of another type. */
  otherType: string;
  maxBytes: number;
  noun: 'body' | 'form';
  unreadable: string;
  tooLarge?: ErrorCode;
}

const json = {
  type: /^application\/json *(?:;|$)/i,
  otherType: 'Send it with the header Content-Type: application/json, with a session also where there is no body.',
  noun: 'body',
  unreadable: 'The body is not a JSON object.',
} as const;

/**
 * Reads a JSON body of up to `maxBytes` into `req.body`, which is undefined if there is none. With a session the content type is
 * required even then: a page of another site cannot send this type without a preflight (Fetch standard, "CORS-safelisted
 * request-header"). A browser never adds an access token by itself.
 */
export function readJson(maxBytes = 65_536): RequestHandler {
  const parse = express.json({ limit: maxBytes, inflate: false, type: () => true });
  return guarded({ ...json, maxBytes }, parse, async () => undefined);
}

/** Reads a form as browsers send it, up to 256 kB. Then {@link formOf} returns its fields. */
export const readForm = formReader({
  type: /^application\/x-www-form-urlencoded *(?:;|$)/i,
  otherType: 'Send a form as application/x-www-form-urlencoded. Programs use the API below /api.',
  maxBytes: 262_144,
  noun: 'form',
  unreadable: 'The form cannot be read.',
  tooLarge: 'body_too_large',
});

/** Reads a form in either encoding, as clients of the Python original send it, up to 64 kB. */
export const readOriginalForm = formReader({
  type: /^(?:application\/x-www-form-urlencoded|multipart\/form-data)(?: *;|$)/i,
  otherType: 'Send a form: application/x-www-form-urlencoded or multipart/form-data.',
  maxBytes: 65_536,
  noun: 'form',
  unreadable: 'The form cannot be read.',
});

const forms = new WeakMap<object, URLSearchParams>();

/** The text fields of the form that this request brought. */
export function formOf(req: Request): URLSearchParams {
  return forms.get(req) ?? new URLSearchParams();
}

function formReader(rule: BodyRule): RequestHandler {
  const parse = express.raw({ limit: rule.maxBytes, inflate: false, type: () => true });
  return guarded(rule, parse, async (req) => {
    const bytes = Buffer.isBuffer(req.body) ? req.body : Buffer.alloc(0);
    const type = req.get('content-type') ?? '';
    forms.set(
      req,
      type.startsWith('multipart') ? await textFields(bytes, type) : new URLSearchParams(bytes.toString()),
    );
  });
}

async function textFields(body: Buffer, type: string): Promise<URLSearchParams> {
  const fields = await new Response(new Uint8Array(body), { headers: { 'content-type': type } }).formData();
  return new URLSearchParams([...fields].filter((field): field is [string, string] => typeof field[1] === 'string'));
}

function guarded(rule: BodyRule, parse: RequestHandler, read: (req: Request) => Promise<void>): RequestHandler {
  return (req, res, next) => {
    if (isEmptyWithToken(req)) return next();
    if (!rule.type.test(req.get('content-type') ?? ''))
      throw new RegistryError('content_type_unsupported', rule.otherType);
    parse(req, res, (error?: unknown) => {
      if (error !== undefined) return next(refusal(rule, error));
      read(req).then(
        () => next(),
        (cause: unknown) => next(refusal(rule, cause)),
      );
    });
  };
}

function isEmptyWithToken(req: Request): boolean {
  const hasBody = req.get('transfer-encoding') !== undefined || Number(req.get('content-length') ?? 0) > 0;
  return !hasBody && req.get('content-type') === undefined && personIfAny(req)?.authMethod === 'jwt';
}

function refusal({ maxBytes, noun, unreadable, tooLarge = 'input_invalid' }: BodyRule, cause: unknown): RegistryError {
  const isLarge = cause instanceof Error && 'type' in cause && cause.type === 'entity.too.large';
  const message = isLarge ? `The ${noun} is larger than ${maxBytes / 1024} kB.` : unreadable;
  const faults = [{ path: '', message }];
  return isLarge && tooLarge !== 'input_invalid'
    ? new RegistryError(tooLarge, message, { cause })
    : new RegistryError('input_invalid', message, { cause, faults });
}
