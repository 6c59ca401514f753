import * as z from 'zod';
import { addTool, readOnly, type Tools } from '../tool-call.ts';
import { type Dice, diceFor, note } from './synthetic.ts';

interface Definition<Input extends z.ZodObject<z.ZodRawShape>, Output extends z.ZodRawShape> {
  name: string;
  title: string;
  description: string;
  input: Input;
  output: Output;
  /** Makes the answer from the arguments and the dice that they seed. */
  make: (input: z.output<Input>, dice: Dice) => z.input<z.ZodObject<Output>>;
}

/** Defines a tool whose answers are marked as synthetic and equal for equal arguments. @returns adds it to a server */
export function defineFake<Input extends z.ZodObject<z.ZodRawShape>, Output extends z.ZodRawShape>(
  definition: Definition<Input, Output>,
): (tools: Tools) => void {
  const { name, title, description, input, output, make } = definition;
  const answerSchema = z.object({ synthetic: z.literal(true), note: z.string(), ...output });
  const answer = (args: z.output<Input>) => {
    const values = { synthetic: true, note, ...make(args, diceFor(name, args)) };
    return { text: `${note}\n${JSON.stringify(values, null, 2)}`, values };
  };
  const shown = { title, description, inputSchema: input, outputSchema: answerSchema, annotations: readOnly };
  return (tools) => addTool(tools, name, shown, answer);
}
