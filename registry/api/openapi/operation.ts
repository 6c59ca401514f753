import type * as z from 'zod';
import type { ErrorCode } from '../../errors/registry-error.ts';
import type { Component } from './components.ts';

/** One route of the API, as the document describes it. */
export interface Operation {
  method: 'get' | 'post' | 'put' | 'patch' | 'delete';
  /** With `{name}` for what express has as `:name` or `*name`. */
  path: string;
  tag: 'servers' | 'account' | 'MCP registry' | 'original';
  summary: string;
  /** What of `UI-Scopes` it takes. */
  permission?: string;
  query?: z.ZodObject;
  body?: { form?: boolean; required?: boolean; schema: Component };
  /** Good answers, by status; without a schema there is no JSON. */
  answers: Readonly<Record<number, Component | undefined>>;
  /** Codes of refusals that it has besides those that every route has. */
  refusals: readonly ErrorCode[];
}

/** What `refusal` of a write may be. */
export const writeRefusals: readonly ErrorCode[] = [
  'input_invalid',
  'content_type_unsupported',
  'not_permitted',
  'store_unavailable',
];
