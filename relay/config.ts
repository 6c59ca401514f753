import * as z from 'zod';
import { shapeFor } from '../common/settings/table.ts';

/** The relay's settings, by environment variable; each is explained in docs/configuration.md. */
export const relayConfig = z.object(shapeFor('relay'));
