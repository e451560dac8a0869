/** What is in a folder, as far as `tandem init` understands it. */
import type { Draft } from '../import/draft.ts';
import { importFrom, type Kind, type World } from '../import/import.ts';

export type Language = 'node' | 'python' | 'go' | 'ruby' | 'php';

export type Seen = {
  readonly files: readonly string[];
  readonly language: Language | null;
  /** Another tool's file that says what runs, and what was read of it. */
  readonly source: { readonly file: string; readonly kind: Kind; readonly draft: Draft } | null;
  /** Folders of files that a browser asks for, with the path they have there. */
  readonly statics: readonly { readonly folder: string; readonly path: string }[];
  /** An nginx configuration of its own stands in front already. */
  readonly nginxConf: string | null;
};

const languages: readonly (readonly [Language, readonly string[]])[] = [
  ['node', ['package.json']],
  ['python', ['requirements.txt', 'pyproject.toml', 'manage.py']],
  ['go', ['go.mod']],
  ['ruby', ['Gemfile']],
  ['php', ['composer.json', 'index.php']],
];

/** In this order: the one that says most about several processes comes first. */
const sources: readonly (readonly [Kind, RegExp])[] = [
  ['supervisord', /^supervisord?\.(conf|ini)$/],
  ['procfile', /^Procfile$/],
  ['compose', /^(docker-)?compose\.ya?ml$/],
  ['pm2', /^ecosystem\.config\.(c?js|json|ya?ml)$/],
  ['bash', /^(docker-)?(entrypoint|start|run)\.sh$/],
];

function sourceIn(world: World, files: readonly string[]): Seen['source'] {
  for (const [kind, pattern] of sources) {
    const file = files.find((name) => pattern.test(name));
    if (file === undefined) continue;
    const draft = importFrom(world, kind, file);
    // One process alone is what the language's own rule finds, and better.
    if (draft.problems.length === 0 && draft.processes.length > 1) return { file, kind, draft };
  }
  return null;
}

function staticsIn(world: World, files: readonly string[]): Seen['statics'] {
  return ['static', 'public', 'dist', 'build'].flatMap((folder) => {
    const inside = files.includes(folder) ? world.list(folder) : null;
    if (inside === null || inside.length === 0) return [];
    // A folder with a first page is the site; one without is beside an app.
    return [{ folder, path: inside.includes('index.html') ? '/*' : `/${folder}/*` }];
  });
}

export function look(world: World): Seen {
  const files = [...(world.list('.') ?? [])].sort();
  const found = languages.find(([, marks]) => marks.some((mark) => files.includes(mark)));
  return {
    files,
    language: found?.[0] ?? null,
    source: sourceIn(world, files),
    statics: staticsIn(world, files),
    nginxConf: files.find((name) => /^nginx(\.\w+)*\.conf$/.test(name)) ?? null,
  };
}
