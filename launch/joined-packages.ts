import { readFileSync } from 'node:fs';

/**
 * The packages whose files are joined, with all that is imported of them, by the gateway and by other packages. What is missing
 * here would come with a second copy of the same classes.
 */
export const joined = {
  'aws-jwt-verify': ['aws-jwt-verify', 'aws-jwt-verify/cognito-verifier', 'aws-jwt-verify/error', 'aws-jwt-verify/jwk'],
  jose: ['jose', 'jose/errors', 'jose/jwe/compact/decrypt'],
  kysely: ['kysely', 'kysely/migration'],
  express: ['express'],
  pino: ['pino'],
  'prom-client': ['prom-client'],
  yaml: ['yaml'],
  zod: ['zod', 'zod/v4', 'zod/v4/core', 'zod/v4/mini', 'zod/v4-mini'],
};

/** The first line of each joined file. */
export const mark = '// Joined by launch/join-packages.ts, with all that it imports';

/** Whether a file is the result of joining. */
export const isJoined = (file: string): boolean => readFileSync(file, 'utf8').startsWith(mark);
