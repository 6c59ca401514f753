import type { ErrorCode } from '../../errors/registry-error.ts';
import { listQuery } from '../v0/schemas.ts';
import { changed, listed, route, routes, write } from './operation.ts';

const notSupported = { summary: 'Not supported', status: 501, answer: 'PlainError' } as const;
/** The API of the MCP registry. */
export const registry = ['/v0.1', '/v0'].flatMap((prefix) =>
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
/** The API of the Python original. */
export const original = routes('original', {
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
