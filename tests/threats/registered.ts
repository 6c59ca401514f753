import { row } from './row.ts';

/** What a hostile server, or who registers one, could do to the registry and through it. */
export const registered = [
  row('special-addresses', 'no setting lets a server be registered at a metadata service or special-purpose address', {
    'unit/registry/routing/special-addresses': [
      'No setting allows the metadata service of %s: %s',
      'No setting allows an address of %s: its first, its last, or one between',
      'No setting allows an %s address: %s',
    ],
    'unit/registry/routing/upstreams': [
      'A name is refused if one of its addresses is, and an editor sees which rule refused it',
    ],
  }),
];
