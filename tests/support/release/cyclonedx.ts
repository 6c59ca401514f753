import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { Ajv } from 'ajv';
import formats from 'ajv-formats';

const main = createRequire(import.meta.url).resolve('@cyclonedx/cyclonedx-library/package.json');
const schemas = join(dirname(main), 'res', 'schema');
const file = (name: string) => `${name}.SNAPSHOT.schema.json`;
const schema = (name: string) => JSON.parse(readFileSync(join(schemas, file(name)), 'utf8'));

const ajv = new Ajv({ allErrors: true, strict: false });
// The package's copies refer to each other by the names of their files.
for (const name of ['spdx', 'jsf-0.82']) ajv.addSchema(schema(name), `http://cyclonedx.org/schema/${file(name)}`);
formats.default(ajv);
// What ajv-formats does not know; CycloneDX uses both for addresses.
for (const name of ['iri-reference', 'idn-email']) ajv.addFormat(name, true);
const validate = ajv.compile(schema('bom-1.5'));

/** Checks a bill of materials by the schema of CycloneDX 1.5. @returns what is wrong with it, one text each */
export function bomFaults(bom: unknown): string[] {
  validate(bom);
  return (validate.errors ?? []).map(({ instancePath, message }) => `${instancePath} ${message}`);
}
