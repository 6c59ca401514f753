import { appliedQuery } from '../../servers/file-mark.ts';
import { changesQuery } from '../changes.ts';
import { importQuery } from '../import.ts';
import { toolSearchQuery } from '../search.ts';
import { serversQuery } from '../servers.ts';
import { changed, listed, route, routes, write } from './operation.ts';

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

export const servers = routes('servers', {
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
    query: appliedQuery,
    body: 'NewServer',
    status: 201,
    answer: 'Edited',
    refusals: [...write, ...route, 'name_taken', 'name_fixed'],
  },
  'put /api/servers/{name}': {
    ...edit,
    summary: 'Replace all settings of a server',
    query: appliedQuery,
    body: 'ServerReplacement',
  },
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
  'post /api/servers/{name}/owner': {
    summary: 'Say who owns a server: the owner may change its words and disable it',
    permission: 'modify_service',
    body: 'Ownership',
    answer: 'Edited',
    refusals: [...write, ...changed],
  },
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
});
