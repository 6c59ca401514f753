import { globSync, readFileSync } from 'node:fs';

const page = readFileSync('docs/cognito.md', 'utf8');
const section = page.slice(
  page.indexOf('## When it does not work'),
  page.indexOf("The auth-server's log has one line"),
);
const code = globSync('{agents,auth-server,common,operations/doctor}/**/*.ts').map((file) =>
  readFileSync(file, 'utf8'),
);
/** The quoted texts in the first column: the messages of this code. */
const quoted = [...section.matchAll(/^\| ("[^|]*") \|/gm)].flatMap(([, cell = '']) =>
  [...cell.matchAll(/"([^"]+)"/g)].map(([, message]) => String(message)),
);

test.each(quoted)('The code contains the message that docs/cognito.md explains: %s', (message) => {
  expect(code.some((text) => text.includes(message))).toBe(true);
});

test('The page explains messages of the doctor, the login page, the responses and the token command', () => {
  expect(quoted.length).toBeGreaterThan(35);
});
