import * as z from 'zod';
import { origin } from '../../common/network/origin.ts';
import { secretName } from '../../common/upstream-secrets/secrets-file.ts';
import { isServerName, reservedNames } from '../../policy/names.ts';
import { RegistryError } from '../errors/registry-error.ts';
import { endpointPath, publishedName, routeHost } from './names.ts';
import { type RegisteredServer, settingsOf } from './server.ts';

/**
 * What people will read must be what stands there: no controls, no further lines, nothing invisible, nothing that turns text
 * around. The two joiners are allowed between other letters, because Persian and many emoji need them.
 */
const shown = /^$|^(?=.*[\p{L}\p{N}\p{P}\p{S}])(?:[^\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]|[\u200c\u200d])*$/su;

const line = (max: number) =>
  z
    .string('must be text')
    .trim()
    .min(1, 'must not be empty')
    .max(max, `must have at most ${max} characters`)
    .regex(shown, 'must be one line of letters that can be seen, without control characters');

const name = z.string('must be a name').superRefine((value, ctx) => {
  if (isServerName(value)) return;
  const message = reservedNames.has(value)
    ? `"${value}" is a name that the gateway uses itself: choose another`
    : 'must be 1 to 63 of a-z 0-9 _ - and start with a letter or digit';
  ctx.addIssue({ code: 'custom', message });
});

const upstream = z
  .string('must be a URL')
  .trim()
  // A URL parser takes these out without a word, and what is left may be another host than the one that was meant.
  .regex(/^[^\p{Cc}\p{Cf}\p{Cs}\p{Z}]*$/u, 'must not hold spaces, control characters or letters that cannot be seen')
  .pipe(origin)
  .refine(
    (url) => routeHost.test(new URL(url).host),
    'must name a host by letters, digits, dots and hyphens, or by an IPv4 address',
  );
const path = z.string('must be a path').regex(endpointPath, 'must be a plain path such as /mcp').max(256);

const transports = z
  .strictObject({ 'streamable-http': path.optional(), sse: path.optional() })
  .refine((t) => t['streamable-http'] || t.sse, 'must have streamable-http or sse');

const url = (max: number) =>
  z
    .string('must be a URL')
    .trim()
    .max(max, `must have at most ${max} characters`)
    .transform((text, ctx) => {
      const parsed = URL.parse(text);
      if (parsed?.protocol === 'https:' && !parsed.username && !parsed.password) return parsed.href;
      ctx.addIssue({ code: 'custom', message: 'must be an https URL, such as https://example.com/project' });
      return z.NEVER;
    });

const icon = z.strictObject({
  src: url(255),
  mimeType: z.enum(['image/png', 'image/jpeg', 'image/svg+xml', 'image/webp'], 'must be an image type').optional(),
  sizes: z
    .array(z.string().regex(/^(?:\d{1,5}x\d{1,5}|any)$/, 'must be like 48x48, or any'))
    .max(10)
    .optional(),
});

const auth = z.strictObject({
  // The name and never the secret: what stands here is kept, shown and written to the routes.
  secret: z
    .string('must be the name of a secret')
    .regex(secretName, 'must be the name of a secret: 1 to 63 of a-z 0-9 _ -, beginning with a letter or digit'),
});

/** What people say about a server, in the API and in a servers file: checked, and rebuilt from what was understood. */
export const serverSettings = z.strictObject({
  name,
  title: line(100),
  description: line(500),
  upstream,
  transports,
  tags: z.array(line(30)).max(20).default([]),
  version: line(100).nullable().default(null),
  repository: url(500).nullable().default(null),
  license: line(100).nullable().default(null),
  icons: z.array(icon).max(10).default([]),
  auth: auth.nullable().default(null),
  alias: z
    .string('must be text')
    .max(200, 'must have at most 200 characters')
    .regex(publishedName, 'must be like io.github.owner/name')
    .nullable()
    .default(null),
  enabled: z.boolean('must be true or false').default(true),
});

/** What says how to connect to a server. */
const connection = serverSettings.pick({ upstream: true, transports: true, auth: true });

const revision = z.int('must be the number that the server had when you looked at it').min(1);
const settings = serverSettings.omit({ name: true, enabled: true });

/** All settings, with the revision that they replace. */
export const replacement = z.strictObject({ ...settings.shape, revision });
/** Some settings, with the revision that they change. */
export const patch = replacement.partial().required({ revision: true });
/** Which revision somebody has seen, if they say so. */
export const seen = z.strictObject({ revision: revision.optional() });

/** What is changed about a server: all that people say about it but its name, and whether it is enabled. */
export type Replacement = z.output<typeof replacement>;

/** Reads a server to register. @throws {RegistryError} `input_invalid` with every fault */
export const readRegistration = reader(serverSettings);

/** Reads where a server is and how it is spoken to. @throws {RegistryError} `input_invalid` with every fault */
export const readConnection = reader(connection);

/** Reads all settings of a server, with the revision that they replace. @throws {RegistryError} `input_invalid` */
export const readReplacement = reader(replacement);

/** Reads which revision somebody has seen, if they say so. @throws {RegistryError} `input_invalid` */
export const readSeen = reader(seen);

/**
 * Reads some settings of a server: what is left out stays as it is in `server`.
 * @throws {RegistryError} `input_invalid`
 */
export function readPatch(body: unknown, server: RegisteredServer): Replacement {
  const { name: _, enabled: __, ...current } = settingsOf(server);
  const isObject = typeof body === 'object' && body !== null && !Array.isArray(body);
  return readReplacement(isObject ? { ...current, ...body } : body);
}

function reader<T extends z.ZodType>(schema: T): (body: unknown) => z.output<T> {
  return (body) => {
    const result = schema.safeParse(body);
    if (result.success) return result.data;
    const faults = result.error.issues.map(({ path, message }) => ({ path: path.join('.'), message }));
    const first = faults.map(({ path, message }) => (path ? `${path}: ${message}` : message))[0];
    throw new RegistryError('input_invalid', `The server cannot be kept like this. ${first}.`, { faults });
  };
}
