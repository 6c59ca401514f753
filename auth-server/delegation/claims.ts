import * as z from 'zod';

const object = z.tuple([z.enum(['tool', 'prompt', 'resource']), z.string()]);

/** What a broker may ask for its caller, besides the lifecycle of sessions. */
const asks = z.object({
  methods: z.array(z.string()),
  /** The only server; omitted where the request does not say which server it concerns. */
  server: z.string().optional(),
  /** The only objects; omitted where the methods name none. */
  objects: z.array(object).optional(),
});

export type Asks = z.output<typeof asks>;

/** The credential that the caller has shown: enough to identify them again as if they had come themselves. */
const caller = z.object({
  by: z.enum(['cookie', 'access token', 'personal token', 'token of the provider', 'local session']),
  /** Id of the record behind a cookie, access token or personal token, which alone names groups. */
  sid: z.string().optional(),
  username: z.string(),
  client: z.string().optional(),
  isAgent: z.boolean(),
  groups: z.array(z.string()).readonly(),
  scopes: z.array(z.string()).readonly(),
  /** When the person signed in, or the credential was issued; and when the access ends. In seconds since 1970. */
  since: z.number(),
  ends: z.number(),
  /** Where the caller is, as nginx saw it. */
  address: z.string().optional(),
});

export type DelegatingCaller = z.output<typeof caller>;

export const delegationClaims = z.object({
  sub: z.string().min(1),
  iat: z.number(),
  exp: z.number(),
  /** The server that the caller has asked: the hub, a set, or mcpgw. */
  via: z.string(),
  caller,
  asks,
});

/** What a delegation says. */
export type Delegation = z.output<typeof delegationClaims>;
