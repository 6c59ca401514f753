import { type Finding, ok, warn } from '../finding.ts';
import { type Setup, secretKeyOf } from '../setup.ts';
import { fingerprint } from './app-client.ts';

const fewestCharacters = 10;

/** Shows the fingerprint of the SECRET_KEY in use, and warns if it does not look random. */
export function checkSecretKey(setup: Setup): Finding[] {
  const value = secretKeyOf(setup);
  if (value === undefined)
    return [
      ok('secret key', 'not set: npm run up generates one at its first start (elsewhere: npm run -s secret-key)'),
    ];
  const keys = value.split(',').flatMap((key) => key.trim() || []);
  return keys.map((key, i) => {
    const which = `fingerprint ${fingerprint(key)}, ${key.length} characters${i > 0 ? ', older: only decrypts' : ''}`;
    if (new Set(key).size >= fewestCharacters) return ok('secret key', which);
    return warn('secret key', `${which}: easy to guess`, 'make another: npm run -s secret-key');
  });
}
