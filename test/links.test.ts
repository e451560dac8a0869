/**
 * Goal: who reads README.md or docs comes to what is there.
 * Method: every relative link of every page is followed, the heading behind `#` too, and every
 * `npm run` is looked up in package.json.
 */
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { expect, test } from 'vitest';

const inDocs = readdirSync('docs', { recursive: true, encoding: 'utf8' })
  .filter((name) => name.endsWith('.md'))
  .map((name) => join('docs', name));
const inExamples = readdirSync('examples', { recursive: true, encoding: 'utf8' })
  .filter((name) => /(^|\/)README\.md$/.test(name) && !name.includes('node_modules'))
  .map((name) => join('examples', name));
const top = ['README.md', 'CONTRIBUTING.md', 'CHANGELOG.md'];
const pages = [...top, ...inDocs, ...inExamples].sort();

/** What stands in a fence or between backticks is no link. */
function prose(page: string): string {
  return readFileSync(page, 'utf8')
    .replace(/^( *)(```+)[^\n]*\n[\s\S]*?^\1\2$/gm, '')
    .replace(/^ {4}.*$/gm, '')
    .replace(/`[^`\n]*`/g, (code) => code.replace(/[()[\]]/g, ''));
}

/** As GitHub makes them. */
function anchors(page: string): readonly string[] {
  const text = readFileSync(page, 'utf8').replace(/^```[\s\S]*?^```$/gm, '');
  return [...text.matchAll(/^#+ (.*)$/gm)].map(([, title = '']) =>
    title
      .toLowerCase()
      .replace(/\[([^\]]*)\]\([^)]*\)/g, '$1')
      .replace(/[^\p{L}\p{N}\s_-]/gu, '')
      .trim()
      .replace(/\s/g, '-'),
  );
}

function broken(page: string): readonly string[] {
  const links = [...prose(page).matchAll(/\]\(([^()\s]+)\)/g)].map(([, to = '']) => to);
  return links
    .filter((to) => !/^[a-z]+:/.test(to))
    .filter((to) => {
      const [path = '', anchor] = to.split('#');
      const target = path === '' ? page : join(dirname(page), path);
      if (!existsSync(target)) return true;
      if (anchor === undefined || !statSync(target).isFile()) return false;
      return target.endsWith('.md') && !anchors(target).includes(anchor);
    });
}

test.each(pages)('the links of %s lead to what is there', (page) => {
  expect(broken(page)).toEqual([]);
});

test('every `npm run` that a page names is in package.json', () => {
  const scripts = Object.keys(JSON.parse(readFileSync('package.json', 'utf8')).scripts);
  const named = ['README.md', 'CONTRIBUTING.md', ...inDocs].flatMap((page) =>
    // Pages of how-to and of the frameworks name the scripts of other packages.
    page.startsWith('docs/how-to/')
      ? []
      : [...readFileSync(page, 'utf8').matchAll(/npm run ([a-z][\w:-]*)/g)].map(
          ([, name = '']) => `${page}: ${name}`,
        ),
  );
  expect(named.length).toBeGreaterThan(10);
  expect(named.filter((one) => !scripts.includes(one.slice(one.indexOf(': ') + 2)))).toEqual([]);
});
