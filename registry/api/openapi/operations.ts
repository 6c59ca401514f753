import { audit } from './of-audit.ts';
import { original, registry } from './of-others.ts';
import { account, people } from './of-people.ts';
import { policy } from './of-policy.ts';
import { servers } from './of-servers.ts';
import type { Operation } from './operation.ts';

/** Every route that the document describes. */
export const operations: readonly Operation[] = [
  ...servers,
  ...audit,
  ...account,
  ...people,
  ...policy,
  ...registry,
  ...original,
];
