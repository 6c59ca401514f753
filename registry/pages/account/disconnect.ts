import { type Request, Router } from 'express';
import { accountDisconnect } from '../../../common/doors/accounts.ts';
import { formOf, readForm } from '../../access/body.ts';
import { personOf } from '../../access/guards.ts';
import { requireOwnPage } from '../../access/own-page.ts';
import type { AccountDoor } from '../../doors/account.ts';
import { RegistryError } from '../../errors/registry-error.ts';
import type { RegistryStore } from '../../store/store.ts';
import { type Notes, nothingLeft } from '../shared/notes.ts';
import { disconnectedNote, shownAccount } from '../shared/person/connected-account.ts';

interface DisconnectOptions {
  publicUrl: string;
  account: Pick<AccountDoor, 'connected' | 'disconnect'>;
  store: Pick<RegistryStore, 'get'>;
  notes: Notes;
}

/** `POST /account/disconnect` disconnects an account of the person (`server`, `account`), and leads back to where the form was. */
export function createDisconnect({ publicUrl, account, store, notes }: DisconnectOptions): Router {
  const pages = Router({ caseSensitive: true, strict: true });
  pages.post('/account/disconnect', requireOwnPage(publicUrl), readForm, async (req, res) => {
    const { what, back } = readDisconnect(req);
    const assertion = req.get('x-mcp-assertion') ?? '';
    const all = await account.connected(assertion);
    const one = all.find((each) => each.server === what.server && each.account === what.account);
    const ended = await account.disconnect(assertion, what);
    const note = one && ended > 0 ? disconnectedNote(shownAccount(one, store.get(one.server))) : nothingLeft;
    res.redirect(303, notes.leave(personOf(req), back, note));
  });
  return pages;
}

function readDisconnect(req: Request) {
  const form = formOf(req);
  const read = accountDisconnect.safeParse({ server: form.get('server'), account: form.get('account') });
  if (!read.success)
    throw new RegistryError('input_invalid', 'The form does not name the account. Load the page again.');
  const ofServer = `/servers/${read.data.server}`;
  return { what: read.data, back: form.get('back') === ofServer ? ofServer : '/account' };
}
