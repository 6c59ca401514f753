import type * as z from 'zod';

/** The type of an answer, by the shape that the OpenAPI document publishes. The code that builds it may use constants. */
export type Answer<Shape extends z.ZodType> = Constant<z.output<Shape>>;

type Constant<Value> = Value extends object ? { readonly [Key in keyof Value]: Constant<Value[Key]> } : Value;
