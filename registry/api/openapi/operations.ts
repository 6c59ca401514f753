import type * as z from 'zod';
import { peopleQuery } from '../../../common/identity/people.ts';
import { exportFormats } from '../../../common/policy/decisions.ts';
import { usageQuery } from '../../../common/policy/usage.ts';
import { decisionsApiQuery, exportApiQuery } from '../../access/decisions.ts';
import type { ErrorCode } from '../../errors/registry-error.ts';
import { changesQuery } from '../changes.ts';
import { importQuery } from '../import.ts';
import { toolSearchQuery } from '../search.ts';
import { serversQuery } from '../servers.ts';
import { serverUsageQuery } from '../usage.ts';
import { listQuery } from '../v0/schemas.ts';
import type { Component } from './components.ts';

/** What the document says about one route. */
interface About {
  summary: string;
  /** The permission of `UI-Scopes` that it requires. */
  permission?: string;
  query?: z.ZodObject;
  body?: Component;
  isBodyOptional?: boolean;
  /** Of a success; 200 if it is missing. */
  status?: number;
  /** The JSON of a success; missing if there is none. */
  answer?: Component;
  /** The media types of a success that is a file. */
  files?: readonly string[];
  /** Error codes, besides those that every route has. */
  refusals?: readonly ErrorCode[];
}

type Method = 'get' | 'post' | 'put' | 'patch' | 'delete';
type Tag = 'servers' | 'account' | 'MCP registry' | 'original';

/** One route of the API. */
export interface Operation extends About {
  tag: Tag;
  method: Method;
  /** With `{name}` for express's `:name` and `*name`. */
  path: string;
}

function routes(tag: Tag, table: Readonly<Record<`${Method} /${string}`, About>>, prefix = ''): Operation[] {
  return Object.entries(table).map(([route, about]) => {
    const [method, path] = route.split(' ') as [Method, string];
    return { tag, method, path: `${prefix}${path}`, ...about };
  });
}

const write: readonly ErrorCode[] = ['input_invalid', 'content_type_unsupported', 'not_permitted', 'store_unavailable'];
const route: readonly ErrorCode[] = ['upstream_refused', 'route_refused'];
const changed: readonly ErrorCode[] = ['not_found', 'changed_meanwhile'];
const listed = { permission: 'list_service', refusals: ['not_found', 'store_unavailable'] } as const;
const edit = {
  permission: 'modify_service',
  answer: 'Edited',
  refusals: [...write, ...changed, ...route, 'name_taken', 'name_fixed'],
} as const;
const toggle = {
  permission: 'toggle_service',
  body: 'Seen',
  isBodyOptional: true,
  answer: 'Edited',
  refusals: [...write, ...changed, ...route],
} as const;

const servers = routes('servers', {
  'get /api/servers': {
    summary: 'The servers that the caller may see, by title, or by relevance to `q`',
    permission: 'list_service',
    query: serversQuery,
    answer: 'ServerListing',
  },
  'get /api/servers/{name}': {
    summary: 'One server, with its tools and its revision',
    permission: 'list_service',
    answer: 'Server',
    refusals: ['not_found'],
  },
  'post /api/servers': {
    summary: 'Register a server',
    permission: 'register_service',
    body: 'NewServer',
    status: 201,
    answer: 'Edited',
    refusals: [...write, ...route, 'name_taken', 'name_fixed'],
  },
  'put /api/servers/{name}': { ...edit, summary: 'Replace all settings of a server', body: 'ServerReplacement' },
  'patch /api/servers/{name}': { ...edit, summary: 'Change some settings of a server', body: 'ServerPatch' },
  'delete /api/servers/{name}': {
    summary: 'Delete a server',
    permission: 'modify_service',
    body: 'Seen',
    isBodyOptional: true,
    answer: 'Edited',
    refusals: [...write, ...changed, 'name_fixed', 'route_refused'],
  },
  'post /api/servers/{name}/enable': { ...toggle, summary: 'Give a server its route' },
  'post /api/servers/{name}/disable': { ...toggle, summary: 'Remove the route of a server' },
  'post /api/servers/{name}/check': {
    summary: 'Check a server now',
    permission: 'health_check_service',
    answer: 'Checked',
    refusals: ['content_type_unsupported', 'not_permitted', 'not_found', 'server_disabled'],
  },
  'get /api/servers/{name}/health': {
    ...listed,
    summary: 'The health of a server: its last check, step by step, and its history',
    answer: 'ServerHealth',
  },
  'get /api/servers/{name}/tools/changes': {
    ...listed,
    summary: 'The tools that are not as they were approved, and how they differ',
    answer: 'ToolChanges',
  },
  'get /api/servers/{name}/tools/read-only': {
    ...listed,
    summary: 'The tools of a server that only read, by their approved definitions',
    answer: 'ReadOnlyTools',
  },
  'post /api/servers/{name}/tools/approve': {
    summary: 'Approve tools by the hash of the definition that the caller has seen',
    permission: 'modify_service',
    body: 'Approval',
    answer: 'ToolChanges',
    refusals: [...write, ...changed],
  },
  'get /api/tools/search': {
    summary: 'The tools for a task in plain words, among those that the caller may call',
    query: toolSearchQuery,
    answer: 'ToolsFound',
    refusals: ['input_invalid'],
  },
  'post /api/import': {
    summary: 'Register servers from server.json and from server files of the Python original',
    permission: 'register_service',
    query: importQuery,
    body: 'Import',
    answer: 'Imported',
    refusals: ['input_invalid', 'content_type_unsupported', 'store_unavailable'],
  },
  'get /api/changes': {
    summary: 'Who changed what and when, newest first',
    permission: 'list_service',
    query: changesQuery,
    answer: 'Changes',
    refusals: ['input_invalid', 'store_unavailable'],
  },
  'get /api/decisions': {
    summary: 'The decisions of the gateway about requests, newest first',
    permission: 'view_audit',
    query: decisionsApiQuery,
    answer: 'Decisions',
    refusals: ['input_invalid', 'not_permitted', 'audit_unavailable'],
  },
  'get /api/decisions/export': {
    summary: 'All decisions that match, the oldest first, as a file: a record a line',
    permission: 'export_audit',
    query: exportApiQuery,
    files: [...new Set(Object.values(exportFormats).map(({ type }) => type.split(';', 1)[0] ?? type))],
    refusals: ['input_invalid', 'not_permitted', 'origin_refused', 'audit_unavailable'],
  },
  'get /api/usage': {
    summary: 'What was called in a span of time, by whom, how fast and with how many errors',
    permission: 'view_audit',
    query: usageQuery,
    answer: 'Usage',
    refusals: ['input_invalid', 'not_permitted', 'audit_unavailable'],
  },
  'get /api/servers/{name}/usage': {
    summary: 'The same of one server',
    permission: 'view_audit',
    query: serverUsageQuery,
    answer: 'Usage',
    refusals: ['input_invalid', 'not_found', 'not_permitted', 'audit_unavailable'],
  },
});

const account = routes('account', {
  'get /api/me': { summary: "The caller's name, groups and scopes", answer: 'Me' },
  'get /api/accounts': {
    summary: "The caller's own accounts at servers behind the gateway",
    answer: 'Accounts',
    refusals: ['session_required', 'account_unavailable'],
  },
  'post /api/accounts/disconnect': {
    summary: 'Disconnect an account at a server, here at once and at its provider',
    body: 'AccountDisconnect',
    answer: 'DisconnectedCount',
    refusals: ['input_invalid', 'content_type_unsupported', 'session_required', 'account_unavailable'],
  },
  'get /api/openapi.json': { summary: 'This document', answer: 'Document' },
});

const seeing = {
  permission: 'view_people',
  refusals: ['not_permitted', 'session_required', 'account_unavailable', 'input_invalid'],
} as const;
const people = routes('account', {
  'get /api/people': { summary: 'Who has access, by name', query: peopleQuery, answer: 'People', ...seeing },
  'get /api/people/others': {
    summary: 'Who has no access now, but accounts at servers or records in the audit',
    query: peopleQuery.omit({ client: true }),
    answer: 'OtherPeople',
    ...seeing,
  },
  'get /api/people/{id}': {
    summary: 'What acts as a person: sign-ins, clients and personal tokens',
    answer: 'PersonAccess',
    ...seeing,
    refusals: [...seeing.refusals, 'not_found'],
  },
  'get /api/people/{id}/accounts': {
    summary: 'The accounts of a person at servers behind the gateway',
    answer: 'Accounts',
    ...seeing,
  },
  'get /api/people/clients': {
    summary: 'The clients that act as people, those of the most people first',
    query: peopleQuery.omit({ client: true }),
    answer: 'Clients',
    ...seeing,
  },
  'get /api/people/ended': {
    summary: 'The last 200 that were ended here, and by whom',
    answer: 'EndedAccess',
    ...seeing,
  },
  'post /api/people/end': {
    summary:
      'End one access of a person, all of a kind, everything, their accounts at servers, or all access of a client',
    permission: 'end_access',
    body: 'AccessEnd',
    answer: 'EndedCount',
    refusals: [...seeing.refusals, 'content_type_unsupported'],
  },
});

const notSupported = { summary: 'Not supported', status: 501, answer: 'PlainError' } as const;
const registry = ['/v0.1', '/v0'].flatMap((prefix) =>
  routes(
    'MCP registry',
    {
      'get /servers': {
        summary: 'The servers that the caller may see, by name, in pages',
        permission: 'list_service',
        query: listQuery,
        answer: 'RegistryServerList',
        refusals: ['input_invalid', 'store_unavailable'],
      },
      'get /servers/{name}/versions': {
        ...listed,
        summary: 'The one version of a server. Write the slash in the name as %2F',
        answer: 'RegistryServerList',
      },
      'get /servers/{name}/versions/{version}': {
        ...listed,
        summary: 'A server, by its version or `latest`',
        answer: 'RegistryServer',
      },
      'post /publish': { ...notSupported, summary: 'Not supported: see POST /api/servers' },
      'put /servers/{name}/versions/{version}': notSupported,
      'delete /servers/{name}/versions/{version}': notSupported,
      'patch /servers/{name}/versions/{version}/status': notSupported,
      'patch /servers/{name}/status': notSupported,
    },
    prefix,
  ),
);

const formWrite: readonly ErrorCode[] = [...write, 'origin_refused'];
const original = routes('original', {
  'post /register': {
    summary: 'Register a server',
    permission: 'register_service',
    body: 'RegisterForm',
    status: 201,
    answer: 'OriginalRegistered',
    refusals: [...formWrite, ...route, 'name_taken', 'name_fixed'],
  },
  'post /toggle/{path}': {
    summary: 'Enable or disable a server',
    permission: 'toggle_service',
    body: 'ToggleForm',
    answer: 'OriginalToggled',
    refusals: [...formWrite, ...route, 'not_found'],
  },
  'get /edit/{path}': {
    summary: 'Redirects to the page that edits a server',
    permission: 'modify_service',
    status: 303,
    refusals: ['not_permitted', 'not_found'],
  },
  'post /edit/{path}': {
    summary: 'Change a server, whatever its revision. Redirects to the list',
    permission: 'modify_service',
    body: 'EditForm',
    status: 303,
    refusals: [...formWrite, ...changed, ...route, 'name_fixed'],
  },
  'get /api/server_details/{path}': {
    summary: 'One server, or with `all` every server that the caller may see, by path',
    permission: 'list_service',
    answer: 'OriginalServers',
    refusals: ['not_found'],
  },
  'get /api/tools/{path}': {
    summary: 'The tools of one server, or with `all` of every server that the caller may see',
    permission: 'list_service',
    answer: 'OriginalTools',
    refusals: ['not_found', 'server_disabled'],
  },
  'post /api/refresh/{path}': {
    summary: 'Check a server now',
    permission: 'health_check_service',
    answer: 'OriginalStatus',
    refusals: ['not_permitted', 'not_found', 'server_disabled', 'origin_refused'],
  },
});

/** Every route that the document describes. */
export const operations: readonly Operation[] = [...servers, ...account, ...people, ...registry, ...original];
