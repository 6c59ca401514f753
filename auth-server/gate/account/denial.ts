import type { PageForm } from '../../../common/identity/ticket.ts';
import { connectKey } from '../../../policy/request/client-pages.ts';
import type { RequestId } from '../../../policy/request/request-id.ts';
import type { NoToken } from '../../accounts/accounts.ts';
import type { AuthError } from '../../denials/auth-error.ts';
import { texts } from '../../denials/texts.ts';
import { pageDenial } from '../person/page.ts';

const sentences = {
  not_connected: texts.account_not_connected,
  ended: texts.account_ended,
  moved: texts.account_moved,
  more_scopes: texts.account_more_scopes,
  refuses: texts.account_refuses,
  awaited: texts.account_awaited,
} as const satisfies Record<NoToken | 'awaited', unknown>;

interface AccountDenial {
  publicUrl: string;
  server: string;
  /** Why there is no token; `awaited` if the person was asked for an account a moment ago. */
  why: NoToken | 'awaited';
  /** How the client asks its person to open a page. */
  form: PageForm;
  id: RequestId | undefined;
}

/**
 * The denial of a request that needs an account of the caller's own, with our page where the person connects it. Never with an
 * address of the provider's: opened by another person, it would connect that one's account for the caller.
 */
export function accountDenied({ publicUrl, server, why, form, id }: AccountDenial): AuthError {
  const url = `${publicUrl}/accounts/connect/${server}`;
  const code = why === 'refuses' ? 'account_refused' : 'account_needed';
  const text = sentences[why](server, ` at ${url}`);
  const page = { url, message: sentences[why](server, ''), key: connectKey };
  return pageDenial(code, text, page, { form, id, data: { connect: url } });
}
