import { listQuery } from '../v0/schemas.ts';
import type { Operation } from './operation.ts';

const tag = 'MCP registry';
const notSupported = { tag, answers: { 501: 'PlainError' }, refusals: [] } as const;
const read = { method: 'get', tag, permission: 'list_service' } as const;

const operations: readonly Operation[] = [
  {
    ...read,
    path: '/servers',
    summary: 'The servers that the caller may see, by name, in pages',
    query: listQuery,
    answers: { 200: 'RegistryServerList' },
    refusals: ['input_invalid', 'store_unavailable'],
  },
  {
    ...read,
    path: '/servers/{name}/versions',
    summary: 'The one version of a server; its name is written with %2F',
    answers: { 200: 'RegistryServerList' },
    refusals: ['not_found', 'store_unavailable'],
  },
  {
    ...read,
    path: '/servers/{name}/versions/{version}',
    summary: 'A server, by its version or `latest`',
    answers: { 200: 'RegistryServer' },
    refusals: ['not_found', 'store_unavailable'],
  },
  { ...notSupported, method: 'post', path: '/publish', summary: 'Not supported: see POST /api/servers' },
  { ...notSupported, method: 'put', path: '/servers/{name}/versions/{version}', summary: 'Not supported' },
  { ...notSupported, method: 'delete', path: '/servers/{name}/versions/{version}', summary: 'Not supported' },
  { ...notSupported, method: 'patch', path: '/servers/{name}/versions/{version}/status', summary: 'Not supported' },
  { ...notSupported, method: 'patch', path: '/servers/{name}/status', summary: 'Not supported' },
];

/** The MCP registry API, under both of its addresses. */
export const publicOperations: readonly Operation[] = ['/v0.1', '/v0'].flatMap((prefix) =>
  operations.map((operation) => ({ ...operation, path: `${prefix}${operation.path}` })),
);
