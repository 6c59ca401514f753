import { createHash } from 'node:crypto';

/** A part of a bill of materials, as CycloneDX 1.5 describes it: the fields that this project writes itself. */
export interface Component {
  'bom-ref': string;
  type: 'application' | 'container' | 'library' | 'operating-system';
  name: string;
  version: string;
  description?: string;
  cpe?: string;
  purl?: string;
  licenses?: { license: { id?: string; name?: string } }[];
}

/** A bill of materials in CycloneDX 1.5 (https://cyclonedx.org/docs/1.5/json). */
export interface Bom {
  $schema: string;
  bomFormat: string;
  specVersion: string;
  version: number;
  serialNumber?: string;
  metadata: { timestamp: string; component: Component };
  components: Component[];
}

/**
 * Makes the text of a bill of materials. The same parts give the same text: its serial number is made of its content.
 * CycloneDX wants a UUID there, and RFC 9562 (section 5.8) lets one be made this way.
 */
export function textOf({ serialNumber: _, ...bom }: Bom): string {
  const hash = createHash('sha256').update(JSON.stringify(bom)).digest('hex');
  const variant = '89ab'[Number.parseInt(hash.charAt(16), 16) % 4];
  const parts = [hash.slice(0, 8), hash.slice(8, 12), `8${hash.slice(13, 16)}`, `${variant}${hash.slice(17, 20)}`];
  const serialNumber = `urn:uuid:${[...parts, hash.slice(20, 32)].join('-')}`;
  return `${JSON.stringify({ ...bom, serialNumber }, null, 2)}\n`;
}
