/** An edit of the policy file that cannot be made, or would mean something else than was asked. The message is a sentence for the person. */
export class EditRefused extends Error {
  override name = 'EditRefused';
}
