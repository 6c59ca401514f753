import * as z from 'zod';
import { isPattern } from '../../../policy/patterns/patterns.ts';

export const name = z.string('must be a name in quotes or plain text').min(1, 'must not be empty');
export const pattern = name.refine(isPattern, 'may have one * and only at its end, such as get_*');

/** A name or pattern, or a list of them. */
export const patterns = z.union([pattern.transform((p) => [p]), z.array(pattern)], 'must be a list of names');

/** The same, and none if it is missing or empty. */
export const objects = patterns.nullish().transform((names) => names ?? []);
