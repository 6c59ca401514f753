import { readFileSync } from 'node:fs';
import { join } from 'node:path';

const read = (path: string) => readFileSync(join(import.meta.dirname, '../../../..', path), 'utf8');

test('The pages before a sign-in look like those after it: each of their rules is one of the design', () => {
  const design = new Set(
    read('registry/pages/public/design.css')
      .split('\n')
      .map((line) => line.trim()),
  );
  const own = read('auth-server/login/public/sign-in.css').replace(/^\/\*.*?\*\/\n/s, '');
  const others = own.split('\n').filter((line) => !design.has(line.trim()));
  expect(others).toEqual(['  button, .button { min-height: 40px; }']);
  expect(read('auth-server/login/public/icon.svg')).toBe(read('registry/pages/public/icon.svg'));
});

test('The error pages of nginx look the same, by files of nginx: they are needed when the auth-server is down', () => {
  const look = read('nginx/gate/look.js');
  const texts = [...look.matchAll(/^const \w+ = `([^`]*)`;$/gm)].map(([, text]) => text);
  expect(texts).toEqual(['sign-in.css', 'icon.svg'].map((file) => read(`auth-server/login/public/${file}`)));
  const pages = ['denials.conf', 'form.js'].map((file) => read(`nginx/gate/${file}`)).join('');
  expect(new Set(pages.match(/(?<=(?:src|href)=")[^"]+/g))).toEqual(
    new Set(['/-/icon.svg', '/-/page.css', '/', '/login']),
  );
});
