import * as z from 'zod';

/** How many held calls wait for a person's approval. */
export const approvalsAnswer = z.strictObject({ waiting: z.int().min(0) });
