/**
 * Goal: in a template only `${…}` means anything.
 * Method: a table of texts, and a property for everything that holds no `${`.
 */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { renderTemplate } from './interpolate.ts';

const lookup = {
  variable: (name: string): string | null => ({ PORT: '8080', DIR: '${PORT}' })[name] ?? null,
  reference: (process: string, key: string) => (process === 'app' && key === 'port' ? '81' : null),
};

test.each([
  ['listen ${PORT};', 'listen 8080;'],
  ['proxy_set_header Host $host;', 'proxy_set_header Host $host;'],
  ['$${PORT} $$ $x', '${PORT} $$ $x'],
  ['$$${PORT}', '$${PORT}'],
  ['http://127.0.0.1:${app.port}', 'http://127.0.0.1:81'],
  ['${NO:-x}', 'x'],
  ['${DIR}', '${PORT}'],
  ['', ''],
])('%j becomes %j', (text, out) => {
  expect(renderTemplate(text, lookup)).toEqual({ text: out, problems: [] });
});

test('an unset name is a problem with its place', () => {
  const text = 'a\nlisten ${NOPE};\n';
  const { problems } = renderTemplate(text, lookup);
  expect(problems.map(({ part }) => text.slice(part.start, part.end))).toEqual(['${NOPE}']);
});

test('what is not closed on its line is a problem, and what follows is still read', () => {
  expect(renderTemplate('${A\n${B}\n', lookup).problems.map((one) => one.text)).toEqual([
    'cannot read `${`: it is not closed on its line',
    'cannot resolve `${B}`: it is not set',
  ]);
});

test('a text without `${` stays byte for byte', () => {
  fc.assert(
    fc.property(fc.string(), (text) => {
      fc.pre(!text.includes('${'));
      expect(renderTemplate(text, lookup)).toEqual({ text, problems: [] });
    }),
  );
});
