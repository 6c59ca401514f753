import * as z from 'zod';
import type { CallOnce } from '../../broker/once.ts';
import type { Tools } from '../../tool-call.ts';
import type { RegistryClient } from '../registry-client.ts';

/** What the tools of mcpgw need. */
export interface Parts extends Tools {
  registry: RegistryClient;
  callOnce: CallOnce;
}

/** The name of one server, without the leading slash that the Python original writes. */
export const serviceName = z
  .string()
  .max(200)
  .transform((text) => text.trim().replace(/^\/|\/$/g, ''))
  .describe('name of a server as list_services gives it, such as currenttime');

/** The input of a tool for one server. */
export const nameInput = z.strictObject({ service_name: serviceName });

/** Read-only, with results that may change. */
export const looks = { readOnlyHint: true, destructiveHint: false, idempotentHint: false, openWorldHint: false };
