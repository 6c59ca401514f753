import { RegistryError } from '../../../errors/registry-error.ts';

/** A whole number of a form, from 0, which is also what anything else counts as. */
export function numberIn(text: string): number {
  return /^[1-9]\d{0,14}$/.test(text) ? Number(text) : 0;
}

/** A number in an address. @throws {RegistryError} `not_found` */
export function numberOf(text: string): number {
  const number = numberIn(text);
  if (number > 0) return number;
  throw new RegistryError('not_found', 'There is no page at this address.');
}
