import { BrokerError, rpcCode } from '../errors.ts';
import type { Member } from '../exchange.ts';
import type { Sent } from '../member.ts';
import { errorOf, gateCodeOf } from '../members/answer.ts';

/** @throws {BrokerError} for a status with which no result can follow */
export async function requireResult(member: Member, sent: Sent): Promise<void> {
  const status = sent.answer.statusCode ?? 502;
  if (status >= 400) throw await refusal(member, sent, status);
  if (status >= 300 || status === 202) throw unavailable(member, `answered with status ${status} instead of a result`);
}

/** @throws {BrokerError} if the delegation has ended while the client was being asked */
export function requireInTime({ answer }: Sent): void {
  if (gateCodeOf(answer) !== 'token_expired') return;
  answer.destroy();
  throw new BrokerError(
    rpcCode.invalidParams,
    'The answer came too late, more than two minutes after the call. Call again.',
  );
}

/** @param what the member has done, as the rest of a sentence */
export function unavailable({ server }: Member, what: string): BrokerError {
  return new BrokerError(rpcCode.unavailable, `${server} ${what}.`);
}

async function refusal({ server }: Member, { answer, era }: Sent, status: number): Promise<BrokerError> {
  const isOwn = gateCodeOf(answer) === undefined && era === 'new' && (status === 400 || status === 404);
  const { code, message, data, gate } = await errorOf(server, answer);
  return new BrokerError(code, message, { data, gate, status, keepsStatus: isOwn });
}
