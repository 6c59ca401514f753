import * as z from 'zod';
import type { Tools } from '../../tool-call.ts';
import type { RegistryClient } from '../registry-client.ts';

/** What the tools of mcpgw work with. */
export interface Parts extends Tools {
  registry: RegistryClient;
}

/** The name of one server; a leading slash, as the Python original writes it, does not count. */
export const serviceName = z
  .string()
  .max(200)
  .transform((text) => text.trim().replace(/^\/|\/$/g, ''))
  .describe('name of a server as list_services gives it, such as currenttime');

/** Looks, and may find something else the next time. */
export const looks = { readOnlyHint: true, destructiveHint: false, idempotentHint: false, openWorldHint: false };
