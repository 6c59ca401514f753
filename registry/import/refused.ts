/** Why an entry of an import cannot be a server here, for who imports it: what is wrong, and what to do. */
export class EntryRefused extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'EntryRefused';
  }
}
