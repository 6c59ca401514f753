import { randomBytes } from 'node:crypto';
import * as z from 'zod';
import { configSchema } from '../../../auth-server/process/config.ts';
import { localPoolId } from '../../../common/identity/cognito.ts';
import { bundledServerNames } from '../../../common/settings/bundled-servers.ts';
import { readConfig } from '../../../common/settings/config.ts';
import { noticesOn } from '../../../common/settings/notices.ts';
import { shapeFor } from '../../../common/settings/table.ts';
import { attempt } from '../../../common/text/config-error.ts';
import { registryConfig } from '../../../registry/config.ts';
import { relayConfig } from '../../../relay/config.ts';
import { cognitoConfig } from '../../../stand-in/config.ts';
import { type Finding, fail, ok, warn } from '../finding.ts';
import { type Setup, secretKeyOf } from '../setup.ts';
import { fingerprint } from './app-client.ts';

const schemas = [
  configSchema,
  registryConfig,
  relayConfig,
  ...bundledServerNames.map((name) => z.object(shapeFor(name))),
];

/** Every fault in every service's settings, then probable mistakes. Sends nothing over the network. */
export function checkSettings(setup: Setup, file: string): Finding[] {
  const { env } = setup;
  // npm run up generates a missing key; checkSecretKey reports on the key itself.
  const complete = { ...env, SECRET_KEY: secretKeyOf(setup) ?? randomBytes(32).toString('hex') };
  const standIn = env.COGNITO_USER_POOL_ID?.trim() === localPoolId;
  const all = [...schemas, ...(standIn ? [cognitoConfig] : [])].flatMap(
    (schema) => attempt(() => readConfig(schema as z.ZodType<object>, complete)).faults,
  );
  const faults = [...new Set(all)];
  const own = file === '.env' ? file : '.env (a copy of .env.example)';
  const todo = `correct it in ${own}, or in the environment`;
  const findings = [
    ...faults.map((fault) => fail('settings', fault, todo)),
    ...noticesOn(env).map(({ message }) => warn('settings', message, todo)),
  ];
  return findings.length > 0 ? findings : [ok('settings', `complete and well formed (${file}, environment)`)];
}

/** Shows the fingerprint of the SECRET_KEY in use, and warns if it does not look random. */
export function checkSecretKey(setup: Setup): Finding[] {
  const value = secretKeyOf(setup);
  const unset = 'not set: npm run up generates one at its first start (elsewhere: npm run -s secret-key)';
  if (value === undefined) return [ok('secret key', unset)];
  const keys = value.split(',').flatMap((key) => key.trim() || []);
  return keys.map((key, i) => {
    const which = `fingerprint ${fingerprint(key)}, ${key.length} characters${i > 0 ? ', older: only decrypts' : ''}`;
    if (new Set(key).size >= 10) return ok('secret key', which);
    return warn('secret key', `${which}: easy to guess`, 'make another: npm run -s secret-key');
  });
}
