import * as z from 'zod';
import { decisionPage } from '../../../common/policy/decisions.ts';
import { importAnswer } from '../../import/import.ts';
import { patch, replacement, seen, serverSettings } from '../../servers/server-input.ts';
import {
  originalAllTools,
  originalDetails,
  originalRegistered,
  originalStatus,
  originalToggled,
  originalTools,
} from '../original/answers.ts';
import { approvalInput } from '../tool-changes.ts';
import { plainError, serverList, serverResponse } from '../v0/schemas.ts';

const status = z
  .enum(['healthy', 'degraded', 'unhealthy', 'needs-authentication', 'unknown'])
  .describe(
    'degraded: it speaks MCP, but its tools could not be read. needs-authentication: it answers, but only to somebody with credentials of its own. unknown: not asked yet.',
  );
const name = z.string().describe('Path segment under the gateway.');
const time = z.iso.datetime();
const object = z.record(z.string(), z.unknown());

const tool = z.looseObject({
  name: z.string(),
  title: z.string().nullable(),
  description: z.string().nullable(),
  inputSchema: object.nullable(),
  outputSchema: object.nullable(),
  annotations: object.nullable(),
  note: z.string().optional().describe('Why there is nothing but the name.'),
});

const summary = z.looseObject({
  name,
  title: z.string(),
  description: z.string(),
  tags: z.array(z.string()),
  transports: z.array(z.enum(['streamable-http', 'sse'])),
  endpoints: z.record(z.string(), z.url()).describe("The gateway's address by transport."),
  enabled: z.boolean(),
  status,
  checked_at: time.nullable(),
});

const { upstream, transports, auth, icons } = serverSettings.shape;
const details = summary.extend({
  error: z.string().nullable().describe('Why it is not healthy.'),
  tools: z.array(tool).describe("As it last announced them. The text is the server's own."),
  version: z.string().nullable(),
  repository: z.string().nullable(),
  license: z.string().nullable(),
  icons,
  alias: z.string().nullable().describe('The name that its makers published it under.'),
  revision: z.int(),
  updated_at: time,
  location: z
    .looseObject({ upstream, transports, auth })
    .optional()
    .describe('Where it runs; only for who may change it.'),
});

const sum = z.looseObject({
  start: time,
  ok: z.int(),
  failed: z.int(),
  mean_ms: z.number().nullable(),
  longest_ms: z.number().nullable(),
});
const step = z.looseObject({
  step: z.enum(['reach', 'handshake', 'tools']),
  state: z.enum(['ok', 'failed', 'skipped']),
  reason: z.string().nullable(),
  ms: z.number(),
});
const health = z.looseObject({
  name,
  status,
  unstable: z.boolean().describe('The last check failed, and the one before had not.'),
  since: time.nullable(),
  checked_at: time.nullable(),
  error: z.string().nullable(),
  latency_ms: z.number().nullable(),
  checks: z.array(z.looseObject({ transport: z.string(), status, steps: z.array(step) })),
  seen_at: time.nullable(),
  announced: object.nullable().describe('As the server last announced itself.'),
  events: z.array(
    z.looseObject({ at: time, state: z.string(), latency_ms: z.number().nullable(), reason: z.string().nullable() }),
  ),
  chart: z.looseObject({ day: z.array(sum), week: z.array(sum) }),
});

const toolChanges = z.looseObject({
  server: name,
  first_seen_at: time.nullable(),
  tools: z.array(
    z.looseObject({
      name: z.string(),
      state: z.string(),
      hash: z.string().nullable(),
      approved_hash: z.string().nullable(),
    }),
  ),
});

const found = z.strictObject({
  server: name,
  tool: z.string(),
  title: z.string().nullable(),
  description: z.string().nullable(),
  score: z.number(),
  input_schema: object.nullable(),
  endpoints: z.record(z.string(), z.url()),
  call: z.looseObject({ url: z.string().nullable(), transport: z.string().nullable() }).describe('What to send where.'),
});

const change = z.looseObject({
  id: z.int(),
  at: time,
  server: name,
  action: z.string(),
  by: z.string(),
  fields: z.array(z.looseObject({ field: z.string() })).describe('`from` and `to` only for who may change the server.'),
});

const fault = z.strictObject({ path: z.string(), message: z.string() });
const error = z.strictObject({
  code: z.string(),
  message: z.string(),
  faults: z.array(fault).optional(),
});

const form = {
  description: z.string(),
  proxy_pass_url: z.string().describe('Where it runs, such as http://127.0.0.1:8000/.'),
  tags: z.string().optional().describe('Separated by commas.'),
  license: z.string().optional(),
  num_tools: z.string().optional().describe('Not read: the server is asked.'),
  num_stars: z.string().optional().describe('Not kept.'),
  is_python: z.string().optional().describe('Not kept.'),
};

/** Every schema of the document, by the name it has there: what routes answer with, and what they read. */
export const components = {
  Error: z.strictObject({ error }),
  PlainError: plainError,
  OriginalError: z.strictObject({ detail: z.string(), error }),

  NewServer: serverSettings,
  ServerReplacement: replacement,
  ServerPatch: patch,
  Seen: seen,
  ServerListing: z.strictObject({ servers: z.array(summary) }),
  Server: details,
  Edited: z.strictObject({
    server: details.nullable().describe('null once it is deleted, and for who may not see it.'),
    route: z.enum(['ok', 'unknown']).describe('unknown: nginx has not taken the routes within ten seconds.'),
    warnings: z.array(z.string()),
  }),
  Checked: z.looseObject({
    name,
    status,
    checked_at: time.nullable(),
    error: z.string().nullable(),
    tools: z.array(tool),
  }),
  ServerHealth: health,
  ToolChanges: toolChanges,
  Approval: approvalInput,
  ToolsFound: z.strictObject({ results: z.array(found), total: z.int(), why: z.string().nullable() }),
  Decisions: decisionPage,
  Changes: z.strictObject({ changes: z.array(change), next: z.int().nullable() }),
  Me: z.looseObject({
    username: z.string(),
    groups: z.array(z.string()),
    scopes: z.array(z.string()),
    auth_method: z.enum(['session_cookie', 'jwt']),
  }),
  Import: z
    .union([object, z.array(object)])
    .describe('A server.json, a server file of the original, or a list of them.'),
  Imported: importAnswer,
  Document: object,

  RegistryServer: serverResponse,
  RegistryServerList: serverList,

  RegisterForm: z.object({ name: z.string(), path: z.string(), ...form }),
  ToggleForm: z.object({ enabled: z.string().optional().describe('`on`; everything else is off.') }),
  EditForm: z.object({ name: z.string().optional(), ...form }).partial(),
  OriginalServer: originalDetails,
  OriginalServers: z.union([originalDetails, z.record(z.string(), originalDetails)]),
  OriginalRegistered: originalRegistered,
  OriginalToggled: originalToggled,
  OriginalStatus: originalStatus,
  OriginalTools: z.union([originalTools, originalAllTools]),
};

export type Component = keyof typeof components;
