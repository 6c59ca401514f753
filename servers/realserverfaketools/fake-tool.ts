import type { McpServer } from '@modelcontextprotocol/server';
import * as z from 'zod';
import type { Logger } from '../../common/service/log.ts';
import { readOnly, toolCall } from '../tool-call.ts';
import { type Dice, diceFor, note } from './synthetic.ts';

/** A demonstration tool, ready to be added to a server. */
export interface FakeTool {
  name: string;
  register: (server: McpServer, log: Logger) => void;
}

interface Definition<Input extends z.ZodObject<z.ZodRawShape>, Output extends z.ZodRawShape> {
  name: string;
  title: string;
  description: string;
  input: Input;
  output: Output;
  /** Makes the answer of nothing but the arguments and dice that they seed. */
  make: (input: z.output<Input>, dice: Dice) => z.input<z.ZodObject<Output>>;
}

/** A tool whose every answer says that it is synthetic, and is the same for the same arguments. */
export function defineFake<Input extends z.ZodObject<z.ZodRawShape>, Output extends z.ZodRawShape>(
  definition: Definition<Input, Output>,
): FakeTool {
  const { name, title, description, input, output, make } = definition;
  const answerSchema = z.object({ synthetic: z.literal(true), note: z.string(), ...output });
  const answer = (args: z.output<Input>) => {
    const values = { synthetic: true, note, ...make(args, diceFor(name, args)) };
    return { text: `${note}\n${JSON.stringify(values, null, 2)}`, values };
  };
  return {
    name,
    register: (server, log) => {
      // The SDK checks the arguments by `input` before it calls; its types cannot say so for a schema yet unknown.
      const inputSchema: z.ZodType = input;
      server.registerTool(
        name,
        { title, description, inputSchema, outputSchema: answerSchema, annotations: readOnly },
        toolCall(log, name, (args: unknown) => answer(args as z.output<Input>)),
      );
    },
  };
}
