import * as z from 'zod';
import { addTool } from '../../tool-call.ts';
import { serviceCheckSchema } from '../answers.ts';
import { callerOf } from '../caller.ts';
import { checkText } from '../text.ts';
import { type Parts, serviceName } from './tool-set.ts';

const input = z.strictObject({ service_name: serviceName });

/** Adds the tool `refresh_service`: the registry checks a server now and stores its tools. */
export function registerRefreshService(parts: Parts): void {
  addTool(
    parts,
    'refresh_service',
    {
      title: 'Check an MCP server now',
      description: 'Checks the health and the tools of an MCP server now. Needs health_check_service in the registry.',
      inputSchema: input,
      outputSchema: serviceCheckSchema,
      annotations: { readOnlyHint: false, destructiveHint: false, idempotentHint: true, openWorldHint: true },
    },
    async (asked, context) => {
      const check = await parts.registry.check(callerOf(context), asked.service_name);
      return { text: checkText(check), values: check };
    },
  );
}
