import * as z from 'zod';
import { origin } from '../../common/network/origin.ts';
import { secretName } from '../../common/upstream-secrets/secrets-file.ts';
import { RegistryError } from '../errors/registry-error.ts';
import { isJsonObject } from './definition.ts';
import { appliedQuery } from './file-mark.ts';
import { headerFault, mostForwardedHeaders } from './header-names.ts';
import { line, name, tags } from './input-texts.ts';
import { endpointPath, publishedName, routeHost } from './names.ts';
import { permissions, type RegisteredServer, type ServerSettings, settingsOf } from './server.ts';
import { setReplacement, setSettings, toReplacement, toSettings } from './set-input.ts';

/** Addresses with a whole configuration in their query are about that long. nginx's settings take 4,096 bytes each. */
const longestPath = 2_000;

const upstream = z
  .string('must be a URL')
  .trim()
  // A URL parser silently removes these, and the remaining host may be a different one.
  .regex(/^[^\p{Cc}\p{Cf}\p{Cs}\p{Z}]*$/u, 'must not hold spaces, control characters or letters that cannot be seen')
  .pipe(origin)
  .refine(
    (url) => routeHost.test(new URL(url).host),
    'must name a host by letters, digits, dots and hyphens, or by an IP address',
  );
const path = z
  .string('must be a path')
  .max(longestPath, `must have at most ${longestPath} characters`)
  .regex(
    endpointPath,
    "must be a path such as /mcp or /mcp?profile=a: no spaces, dot segments or //; write $ ; ' as %24 %3B %27",
  );
const hostHeader = z
  .string('must be a host')
  .trim()
  .toLowerCase()
  .regex(routeHost, 'must be a host name or an IP address, with a port if it needs one, such as mcp.internal:8000');

const transports = z
  .strictObject(
    { 'streamable-http': path.optional(), sse: path.optional() },
    {
      error: ({ code, input }) =>
        code === 'invalid_type' && typeof input !== 'object'
          ? `must name the endpoints of the server, such as {streamable-http: /mcp}`
          : undefined,
    },
  )
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

const iconSize = z.string().regex(/^(?:\d{1,5}x\d{1,5}|any)$/, 'must be like 48x48, or any');
const icon = z.strictObject({
  src: url(255),
  mimeType: z.enum(['image/png', 'image/jpeg', 'image/svg+xml', 'image/webp'], 'must be an image type').optional(),
  sizes: z.array(iconSize).max(10).optional(),
});

// Only names of entries: these fields are stored, shown and written to the routes.
const entry = (what: string) =>
  z.string(what).regex(secretName, `${what}: 1 to 63 of a-z 0-9 _ -, beginning with a letter or digit`);
const auth = z.union(
  [
    z.strictObject({ secret: entry('must be the name of a secret') }),
    z.strictObject({
      account: entry('must be the name of an entry with accounts'),
      checks: entry('must be the name of a secret').optional(),
    }),
  ],
  'must be {"secret": name}, or {"account": name}, which may have "checks": name',
);

const headerName = z
  .string('must be the name of a header')
  .trim()
  .superRefine((value, ctx) => {
    const message = headerFault(value);
    if (message) ctx.addIssue({ code: 'custom', message });
  });
const forwardHeaders = z
  .array(headerName, 'must be a list of header names')
  .max(mostForwardedHeaders, `must have at most ${mostForwardedHeaders} names`)
  .refine((names) => new Set(names.map((each) => each.toLowerCase())).size === names.length, 'must not repeat a name');

/** The settings of a server, in the API and in a servers file. */
export const serverSettings = z.strictObject({
  name,
  title: line(100),
  description: line(500),
  upstream,
  transports,
  tags,
  version: line(100).nullable().default(null),
  repository: url(500).nullable().default(null),
  license: line(100).nullable().default(null),
  icons: z.array(icon).max(10).default([]),
  auth: auth.nullable().default(null),
  forward_headers: forwardHeaders.default([]),
  host_header: hostHeader.nullable().default(null),
  health_seconds: z
    .int('must be a whole number of seconds, 1 to 120')
    .min(1, 'must be 1 or more')
    .max(120, 'must be 120 or less')
    .nullable()
    .default(null),
  may: z
    .array(z.enum(permissions, `must be ${permissions.join(' or ')}`), 'must be a list')
    .refine((all) => new Set(all).size === all.length, 'must not repeat a word')
    // In one order, so that another one is no change.
    .transform((all) => permissions.filter((each) => all.includes(each)))
    .default([]),
  alias: z
    .string('must be text')
    .max(200, 'must have at most 200 characters')
    .regex(publishedName, 'must be like io.github.owner/name')
    .nullable()
    .default(null),
  enabled: z.boolean('must be true or false').default(true),
});

const revision = z.int('must be the number that the server had when you looked at it').min(1);
const settings = serverSettings.omit({ name: true, enabled: true });

/** All settings that can be edited, with the revision that they replace. */
export const replacement = z.strictObject({ ...settings.shape, revision });
/** Some of these settings, with the revision that they change. */
export const patch = replacement.partial().required({ revision: true });
/** The revision that the user saw, if given. */
export const seen = z.strictObject({ revision: revision.optional() });

/** All editable settings: every setting except the name and whether the server is enabled. */
export type Replacement = Omit<ServerSettings, 'name' | 'enabled'> & { revision: number };

/**
 * Reads a server, or a set if it names `members`, to register. For a servers file, the faults keep their places in the file.
 */
export const registration = z.unknown().transform((value, ctx): ServerSettings => {
  const read = isOfSet(value) ? setSettings.transform(toSettings).safeParse(value) : serverSettings.safeParse(value);
  if (read.success) return { members: null, ...read.data };
  for (const { path, message } of read.error.issues) ctx.addIssue({ code: 'custom', path, message });
  return z.NEVER;
});

function isOfSet(value: unknown): boolean {
  return isJsonObject(value) && value.members !== undefined && value.members !== null;
}

/** Reads a server or a set to register. @throws {RegistryError} `input_invalid` with every fault */
export const readRegistration = reader(registration);

/** Reads the settings for a connection. @throws {RegistryError} `input_invalid` with every fault */
export const readConnection = reader(
  serverSettings.pick({ upstream: true, transports: true, auth: true, host_header: true }),
);

const readServer = reader(replacement);
const readSet = reader(setReplacement);

/**
 * Reads what replaces the settings of `server`, which stays a server, or a set.
 * @throws {RegistryError} `input_invalid`
 */
export function readReplacement(body: unknown, { members }: Pick<ServerSettings, 'members'>): Replacement {
  return members === null ? { ...readServer(body), members } : toReplacement(readSet(body));
}

/** Who is to own a server, and the revision that the user saw, if given. */
export const ownership = z.strictObject({
  owner: z
    .strictObject({
      sub: z
        .string('must be the subject')
        .trim()
        .min(1, 'must not be empty')
        .max(300, 'must have at most 300 characters'),
      username: z
        .string('must be a name')
        .trim()
        .min(1, 'must not be empty')
        .max(300, 'must have at most 300 characters'),
    })
    .nullable(),
  revision: revision.optional(),
});

/** Reads who is to own a server. @throws {RegistryError} `input_invalid` */
export const readOwner = reader(ownership);

/** Reads whether files make the change. @throws {RegistryError} `input_invalid` */
export const readApplied = reader(appliedQuery);

/** Reads the revision that the user saw, if given. @throws {RegistryError} `input_invalid` */
export const readSeen = reader(seen);

/**
 * Reads some settings of a server. Missing ones keep their value in `server`.
 * @throws {RegistryError} `input_invalid`
 */
export function readPatch(body: unknown, server: RegisteredServer): Replacement {
  if (!isJsonObject(body)) return readReplacement(body, server);
  const { name: _, enabled: __, members, ...current } = settingsOf(server);
  const { title, description, tags: own } = current;
  return readReplacement(
    { ...(members === null ? current : { title, description, tags: own, members }), ...body },
    server,
  );
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
