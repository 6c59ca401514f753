import type * as z from 'zod';
import type { ErrorCode } from '../../errors/registry-error.ts';
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
type Tag = 'servers' | 'account' | 'policy' | 'MCP registry' | 'original';

/** One route of the API. */
export interface Operation extends About {
  tag: Tag;
  method: Method;
  /** With `{name}` for express's `:name` and `*name`. */
  path: string;
}

/** The routes of a table, each named by its method and path. @param prefix of all paths */
export function routes(tag: Tag, table: Readonly<Record<`${Method} /${string}`, About>>, prefix = ''): Operation[] {
  return Object.entries(table).map(([route, about]) => {
    const [method, path] = route.split(' ') as [Method, string];
    return { tag, method, path: `${prefix}${path}`, ...about };
  });
}

/** Refusals of each change. */
export const write: readonly ErrorCode[] = [
  'input_invalid',
  'content_type_unsupported',
  'not_permitted',
  'store_unavailable',
];
/** Refusals of what changes a route. */
export const route: readonly ErrorCode[] = ['upstream_refused', 'route_refused'];
/** Refusals of a change of what is there. */
export const changed: readonly ErrorCode[] = ['not_found', 'changed_meanwhile'];
/** What routes about one server share. */
export const listed = { permission: 'list_service', refusals: ['not_found', 'store_unavailable'] } as const;
