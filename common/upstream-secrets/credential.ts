import type { SecretEntry } from './secrets-file.ts';

/** What the gateway shows an upstream: one header, ready to be sent. */
export interface Credential {
  header: 'Authorization' | 'X-API-Key';
  value: string;
}

/** Headers of an upstream and nginx's buffers have to hold it. */
const longest = 8_192;

/**
 * Makes the header of a secret (RFC 9110 section 11.6.2; for Basic, RFC 7617).
 * @param text the secret itself; for Basic `user:password`
 * @returns the credential, or what is wrong with the text, in words that hold nothing of it
 */
export function toCredential({ header, scheme }: SecretEntry, text: string): Credential | string {
  const prefix = scheme === 'none' ? '' : `${scheme} `;
  if (text === '') return 'is empty';
  if (prefix && text.toLowerCase().startsWith(prefix.toLowerCase()))
    return `begins with "${scheme}", which the gateway adds itself: leave it out`;
  if (scheme === 'Basic' && !/^[^:\p{Cc}]+:\P{Cc}*$/u.test(text)) return 'must be user:password for Basic';
  const value = prefix + (scheme === 'Basic' ? Buffer.from(text, 'utf8').toString('base64') : text);
  // What is sent is put into a header line by nginx and by Node: nothing in it may end the line.
  if (!/^[!-~](?:[ -~]*[!-~])?$/.test(value)) return 'holds characters that no header can carry, such as a line break';
  return value.length <= longest ? { header, value } : `is longer than ${longest} characters`;
}
