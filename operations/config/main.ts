import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { configurationDocument } from './document.ts';

const file = join(import.meta.dirname, '..', '..', 'docs', 'configuration.md');
writeFileSync(file, configurationDocument());
console.log(`${file} is written.`);
