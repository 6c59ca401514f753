import * as z from 'zod';
import { shapeFor } from '../common/settings/table.ts';

/** The relay's settings by environment variable. docs/configuration.md explains each. */
export const relayConfig = z.object(shapeFor('relay'));
