import { homedir } from 'node:os';
import { join } from 'node:path';
import * as z from 'zod';
import { type Cidr, parseCidr } from '../network/addresses.ts';
import { origin } from '../network/origin.ts';
import { isWeakKey } from './weak-key.ts';

/** The folder of what ships: of a checkout, an image, or the installed package. */
export const root = join(import.meta.dirname, '..', '..');

/** Whether this is the installed package. It holds JavaScript, because Node strips no types below `node_modules`. */
export const isPackage = import.meta.filename.endsWith('.js');

/**
 * The folder of what belongs to the operator: settings, policy, databases. A checkout and an image hold it themselves; a package
 * is replaced by its next version. Default paths are relative to this folder, wherever a service is started.
 */
export const home = isPackage ? join(homedir(), '.mcp-gateway') : root;

/** Items separated by commas only, which may hold anything else. Surrounding spaces and empty items are dropped. */
const commaList = z.string().transform((text) => text.split(',').flatMap((item) => item.trim() || []));

/**
 * Items separated by commas, semicolons or white space, each also in quotes, or a JSON array: other programs write their lists
 * in all of these forms. No item of a setting holds one of these characters. Empty items are dropped.
 */
export const list = z.string().transform((text) => {
  const inside = /^\[(.*)\]$/s.exec(text.trim());
  return (inside?.[1] ?? text).split(/[\s,;]+/).flatMap((item) => item.replace(/^(["'])(.*)\1$/, '$2') || []);
});

/** Origins separated by commas. */
export const origins = list.pipe(z.array(origin));

/** A TCP port number, 1 to 65535. */
export const port = z.coerce.number('must be a port number').int().min(1).max(65535);

/** Port numbers separated by commas. */
export const ports = list
  .transform((items) => items.map(Number))
  .pipe(z.array(z.int('must be port numbers separated by commas').min(1).max(65535)));

const network = z
  .string()
  .regex(/^[0-9a-f.:]+(\/\d{1,3})?$/i, 'must be addresses or networks separated by commas, such as 10.0.0.0/8');

/** Addresses or networks separated by commas, as nginx accepts them for `set_real_ip_from`. */
export const networks = list.pipe(z.array(network));

/** Networks separated by commas, as the check of addresses takes them. @param fallback such as `10.0.0.0/8` */
export const cidrs = (fallback: string) =>
  list.prefault(fallback).transform((items, ctx) =>
    items.flatMap((item): Cidr[] => {
      const cidr = parseCidr(item);
      if (cidr) return [cidr];
      ctx.addIssue({ code: 'custom', message: 'must be networks separated by commas, such as 10.0.0.0/8,fc00::/7' });
      return [];
    }),
  );

/** A path. The default is relative to the operator's folder. */
export const path = (...fallback: string[]) => z.string().default(join(home, ...fallback));

/** A path. The default is a file that ships. */
export const shippedPath = (...fallback: string[]) => z.string().default(join(root, ...fallback));

/** An address to listen on; by default this machine only. */
export const host = z.string().default('127.0.0.1');

/**
 * `SECRET_KEY`: one key or several; the first one encrypts. Every value is checked for placeholders; a key is refused also
 * if it contains a word of an example anywhere, or was plainly not made at random.
 */
export const secretKeys = commaList
  .refine((keys) => keys.length > 0 && keys.every((key) => key.length >= 32), {
    error: 'needs at least 32 characters: npm run -s secret-key',
  })
  .refine((keys) => !keys.some((key) => /your|change|example|secret-?key/i.test(key)), {
    error: 'is an example value; make one of your own: npm run -s secret-key',
  })
  .refine((keys) => !keys.some((key) => key.length >= 32 && isWeakKey(key)), {
    error:
      'is easy to guess: few different characters, or a pattern that repeats. Make a random one: npm run -s secret-key',
  });
