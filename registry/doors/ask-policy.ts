import * as z from 'zod';
import { policyConflict } from '../../common/doors/versions.ts';
import { PolicyConflict, RegistryError } from '../errors/registry-error.ts';
import { type AskWords, sessionRequired } from './ask-auth-server.ts';

const refusal = z.object({
  error: z.looseObject({
    code: z.string(),
    message: z.string(),
    faults: z.array(z.object({ path: z.string(), message: z.string() })).optional(),
  }),
});

/** How questions about the policy fail. A long policy takes seconds to compare. */
export const wordsOfPolicy: AskWords = {
  waitMilliseconds: 55_000,
  refusal(status, said) {
    const read = refusal.safeParse(said);
    if (!read.success) return undefined;
    const { code, message, faults } = read.data.error;
    if (status === 400 && code === 'input_invalid')
      return new RegistryError(code, message, faults === undefined ? {} : { faults });
    if (status === 404 && code === 'not_found') return new RegistryError(code, message);
    if (status === 403 && code === 'not_permitted') return new RegistryError(code, message);
    if (status === 403) return sessionRequired();
    if (status === 409 && code === 'policy_fixed') return new RegistryError(code, message);
    return status === 409 ? conflictIn(read.data.error) : undefined;
  },
  unavailable(cause) {
    const message = 'The auth-server keeps the policy, and does not answer at the moment. Try again.';
    return new RegistryError('policy_unavailable', message, { cause });
  },
};

function conflictIn(error: unknown): RegistryError | undefined {
  const read = policyConflict.safeParse(error);
  return read.success ? new PolicyConflict(read.data) : undefined;
}
