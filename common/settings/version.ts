import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from './values.ts';

/** The version of the gateway, its servers and its command line: that of `package.json`, which is in the images too. */
export const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { version: string };
