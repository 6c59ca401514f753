import { createHash } from 'node:crypto';
import { createReadStream, readdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';

/** A file of a release. */
export interface Made {
  name: string;
  bytes: number;
  sha256: string;
}

/** Writes SHA256SUMS over all files in `out`, as `sha256sum --check` reads it. Returns the files, by name. */
export async function writeSums(out: string): Promise<Made[]> {
  const made: Made[] = [];
  for (const name of readdirSync(out).sort()) {
    const hash = createHash('sha256');
    await pipeline(createReadStream(join(out, name)), hash);
    made.push({ name, bytes: statSync(join(out, name)).size, sha256: hash.digest('hex') });
  }
  writeFileSync(join(out, 'SHA256SUMS'), made.map(({ name, sha256 }) => `${sha256}  ${name}\n`).join(''));
  return made;
}
