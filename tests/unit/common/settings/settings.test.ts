import { execFileSync } from 'node:child_process';
import { globSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseEnv } from 'node:util';
import * as z from 'zod';
import { defaultKeyDays } from '../../../../auth-server/keys/key-rotation.ts';
import { readConfig } from '../../../../common/settings/config.ts';
import { parseEnvFile } from '../../../../common/settings/env-file.ts';
import { editDistance, noticesOn } from '../../../../common/settings/notices.ts';
import { settingList, settings, shapeFor } from '../../../../common/settings/table.ts';
import { attempt } from '../../../../common/text/config-error.ts';
import { configurationDocument } from '../../../../operations/config/document.ts';

const names = settingList.map(([name]) => name as string).sort();
const example = readFileSync('.env.example', 'utf8');

describe('the table of settings', () => {
  test('is the source of docs/configuration.md: if not, run npm run -s docs:configuration', () => {
    expect(readFileSync('docs/configuration.md', 'utf8')).toBe(configurationDocument());
  });

  test('has the same variables as .env.example', () => {
    const shown = [...example.matchAll(/^(?:# )?([A-Z][A-Z_]+)=/gm)].map(([, name]) => String(name)).sort();
    expect(shown).toEqual(names);
  });

  test('has the same defaults as .env.example', () => {
    const shown = [...example.matchAll(/^# ([A-Z_]+)=(\S+(?: \S+)*?)(?: {2,}.*| {3}.*)?$/gm)];
    expect(shown.length).toBeGreaterThan(25);
    for (const [, name, value] of shown) {
      const setting = settings[name as keyof typeof settings];
      const text = String(setting.schema.parse(undefined)).replace(`${process.cwd()}/`, '');
      expect(`${name}=${text}`).toBe(`${name}=${value}`);
    }
  });

  test('may be copied from .env.example line by line: what explains a value is a comment', () => {
    const lines = [...example.matchAll(/^# ([A-Z_]+=.*)$/gm)].map(([, line]) => String(line));
    expect(lines.length).toBeGreaterThan(80);
    for (const line of lines) {
      const [[name, value] = ['', '']] = Object.entries(parseEnv(line));
      if (value === '') continue;
      const setting = settings[name as keyof typeof settings];
      expect({
        line,
        faults: attempt(() => readConfig(z.object({ [name]: setting.schema }), { [name]: value })).faults,
      }).toEqual({
        line,
        faults: [],
      });
    }
    expect(parseEnv(lines.join('\n'))).toMatchObject({ SESSION_HOURS: '8', UPSTREAM_CA_FILE: '', LOG_LEVEL: 'info' });
  });

  test('contains every variable that the code reads from the environment', () => {
    const files = globSync([
      '{agents,attack,auth-server,common,launch,operations,policy,registry,relay,servers}/**/*.ts',
    ]);
    const read = files.flatMap((file) =>
      [...readFileSync(file, 'utf8').matchAll(/\benv\.([A-Z][A-Z_]+)/g)].map(([, name]) => String(name)),
    );
    expect(new Set(read).size).toBeGreaterThan(5);
    // Conventions of the terminal, npm and the system, not settings of the gateway.
    const terminal = ['NO_COLOR', 'TERM', 'COLUMNS', 'BROWSER', 'DISPLAY', 'WAYLAND_DISPLAY', 'WSL_DISTRO_NAME'];
    const others = [...terminal, 'INIT_CWD', 'PATH', 'HOME'];
    expect([...new Set(read)].filter((name) => !names.includes(name) && !others.includes(name))).toEqual([]);
  });

  test('marks every secret as one', () => {
    const secret = settingList.filter(([, setting]) => setting.secret).map(([name]) => name);
    expect(secret).toEqual(
      names
        .filter((name) => /SECRET(?!S_FILE)|API_KEY|AWS_\w+TOKEN|DATABASE_URL|PASSWORD|^HTTPS?_PROXY/.test(name))
        .sort(bySameOrder(secret)),
    );
  });

  test('has the same key lifetime as the code that rotates keys', () => {
    expect(settings.ASSERTION_KEY_DAYS.schema.parse(undefined)).toBe(defaultKeyDays);
  });

  test('gives each program its own settings', () => {
    expect(
      Object.keys(shapeFor('mcpgw'))
        .filter((variable) => !variable.startsWith('OTEL_'))
        .sort(),
    ).toEqual(['BROKER_GATE_URL', 'LOG_LEVEL', 'MCPGW_HOST', 'MCPGW_PORT', 'REGISTRY_INTERNAL_URL', 'REGISTRY_URL']);
    expect(Object.keys(shapeFor('relay'))).not.toContain('SECRET_KEY');
  });
});

function bySameOrder(order: readonly string[]) {
  return (a: string, b: string) => order.indexOf(a) - order.indexOf(b);
}

const schema = z.object({ ID: z.string(), NUMBER: z.coerce.number().default(1) });
const faultsOf = (env: Record<string, string>) => attempt(() => readConfig(schema, env)).faults;

describe('a value', () => {
  test.each([
    '<client id>',
    '$COGNITO_CLIENT_ID',
    'your_client_id',
    'my-your-secret-here',
    'ChangeMe',
    'change-me',
    'TODO',
    'us-east-1_XXXXXXXXX',
    'us-east-1_EXAMPLE',
    'good,your_other_id',
  ])('%j is rejected as a placeholder, and the error does not repeat it', (value) => {
    expect(faultsOf({ ID: value })).toEqual([expect.stringMatching(/^ID: is an example value/)]);
    expect(faultsOf({ ID: value })[0]).not.toContain(value);
  });

  test.each(['"abc"', "'abc'", '"a b"'])('%s with its quotes is rejected', (value) => {
    expect(faultsOf({ ID: value })).toEqual([expect.stringMatching(/^ID: has quotes around it/)]);
  });

  test.each(['1webclient', 'us-east-1_ABC123DEF', 'https://gateway.example', 'a"b', 'x', 'hourly', 'yourself'])(
    '%j is not a placeholder',
    (value) => {
      expect(faultsOf({ ID: value })).toEqual([]);
    },
  );

  test('is trimmed', () => {
    expect(readConfig(schema, { ID: ' a b\n', NUMBER: ' 7 ' })).toEqual({ ID: 'a b', NUMBER: 7 });
  });

  test('that is missing is named, with the others that are invalid', () => {
    expect(faultsOf({ NUMBER: 'x' })).toEqual([
      expect.stringMatching(/^ID: is missing/),
      expect.stringMatching(/^NUMBER: /),
    ]);
  });
});

describe('the settings of the auth-server', () => {
  const shape = shapeFor('auth-server');
  const read = (env: Record<string, string>) => {
    const chosen = Object.fromEntries(Object.keys(env).map((name) => [name, shape[name as keyof typeof shape]]));
    return attempt(() => readConfig(z.object(chosen), env));
  };

  test.each(['a1,b2', 'a1, b2', 'a1 b2', 'a1;b2', 'a1\nb2', '["a1","b2"]', "['a1', 'b2']", '[a1, b2]', 'a1,"b2"'])(
    'accept a list in each of its forms: %j',
    (value) => {
      expect(read({ COGNITO_ALLOWED_CLIENT_IDS: value }).value).toEqual({ COGNITO_ALLOWED_CLIENT_IDS: ['a1', 'b2'] });
    },
  );

  test('refuse what can be no app client', () => {
    for (const value of ['a1|b2', '{"a1":1}', 'a-1', 'a1:b2'])
      expect(read({ COGNITO_ALLOWED_CLIENT_IDS: value }).faults).toEqual([
        expect.stringContaining('must be app client ids separated by commas'),
      ]);
  });

  test.each([
    ['INFO', 'info'],
    ['Warning', 'warn'],
    ['CRITICAL', 'fatal'],
    ['debug', 'debug'],
  ])('accept the log level %s', (written, level) => {
    expect(read({ LOG_LEVEL: written }).value).toEqual({ LOG_LEVEL: level });
  });

  test.each([
    [{ SESSION_HOURS: '8h' }, 'SESSION_HOURS: must be a number, without a unit'],
    [{ SESSION_HOURS: '200' }, 'SESSION_HOURS: must be at most 168'],
    [{ REQUESTS_PER_MINUTE: '1.5' }, 'REQUESTS_PER_MINUTE: must be a whole number'],
    [{ MAX_BODY_BYTES: '4MB' }, 'MAX_BODY_BYTES: must be a number, without a unit'],
    [{ MAX_BODY_BYTES: '4' }, 'MAX_BODY_BYTES: must be at least 1024'],
    [{ LOG_LEVEL: 'loud' }, 'LOG_LEVEL: must be one of trace, debug, info, warn, error, fatal, silent'],
  ])('say what a value must be, in the words of this project: %j', (env, fault) => {
    expect(read(env).faults).toEqual([fault]);
  });
});

describe('a file of settings that an editor on Windows has saved', () => {
  const text = 'FIRST=1\r\nSECOND=2\r\n';
  test.each([
    ['a byte order mark', Buffer.from(`\ufeff${text}`)],
    ['UTF-16', Buffer.from(`\ufeff${text}`, 'utf16le')],
    ['neither', Buffer.from(text)],
  ])('loses none of its variables: with %s', (_, bytes) => {
    const path = join(mkdtempSync(join(tmpdir(), 'settings-')), '.env');
    writeFileSync(path, bytes);
    expect(parseEnvFile(path)).toEqual({ FIRST: '1', SECOND: '2' });
  });
});

describe('a variable', () => {
  const messages = (env: Record<string, string>, ...programs: Parameters<typeof noticesOn>[1] & object) =>
    noticesOn(env, programs.length > 0 ? programs : undefined).map(({ message }) => message);

  test.each([
    ['COGNITO_CLIENT_SECRT', 'did you mean COGNITO_CLIENT_SECRET?'],
    ['SECERT_KEY', 'did you mean SECRET_KEY?'],
    ['Registry_Url', 'did you mean REGISTRY_URL?'],
    ['DATADIR', 'did you mean DATA_DIR?'],
    ['COGNITO_ENABLED', 'nothing reads it'],
    ['AUTH_SERVER_EXTERNAL_URL', 'did you mean AUTH_SERVER_INTERNAL_URL?'],
    ['RELAY_TIMEOUT', 'nothing reads it'],
  ])('%s is probably a mistake', (name, expected) => {
    expect(messages({ [name]: 'a-secret' })).toEqual([expect.stringContaining(expected)]);
    expect(messages({ [name]: 'a-secret' })[0]).not.toContain('a-secret');
  });

  test.each(['PATH', 'HOME', 'PORT', 'HOST', 'AWS_PROFILE', 'NODE_OPTIONS', 'DATE', 'npm_config_cache', ...names])(
    '%s causes no warning',
    (name) => {
      expect(messages({ [name]: 'x' })).toEqual([]);
    },
  );

  test('with white space around its value causes a warning, an empty one does not', () => {
    expect(messages({ SECRET_KEY: ' x', COGNITO_CLIENT_ID: '  ' })).toEqual([
      'SECRET_KEY has white space around its value; it is cut off',
    ]);
  });

  test('causes a warning only from the services that read it', () => {
    const env = { RELAY_PROT: '1', COGNITO_FOO: '1', MAX_LIST_BYTES: ' 1' };
    expect(messages(env, 'registry')).toEqual([]);
    expect(messages(env, 'relay')).toHaveLength(2);
    expect(messages(env, 'auth-server')).toEqual([expect.stringContaining('COGNITO_FOO')]);
  });
});

test.each([
  ['abc', 'abc', 0],
  ['abc', 'abd', 1],
  ['abc', 'acb', 1],
  ['abc', 'ab', 1],
  ['', 'ab', 2],
  ['kitten', 'sitting', 3],
])('the edit distance from %j to %j is %d', (a, b, distance) => {
  expect(editDistance(a, b, 3)).toBe(distance);
});

test('npm run secret-key prints one line and nothing else, a different one each time', () => {
  const make = () => execFileSync(process.execPath, ['operations/config/secret-key.ts'], { encoding: 'utf8' });
  const first = make();
  expect(first).toMatch(/^[0-9a-f]{64}\n$/);
  expect(make()).not.toBe(first);
  expect(settings.SECRET_KEY.schema.safeParse(first.trim()).success).toBe(true);
});
