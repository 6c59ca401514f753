/** Why an imported entry cannot be a server here. The message tells the person what is wrong and what to do. */
export class EntryRefused extends Error {
  override readonly name = 'EntryRefused';
}
