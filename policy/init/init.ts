/**
 * `tandem init`: a first tandem.yaml and Dockerfile for what is in the folder.
 * It shares its readers with `import`, and overwrites nothing.
 */

import type { Create, Result } from '../import/command.ts';
import { commandOf, type Draft, newDraft, type Value } from '../import/draft.ts';
import { emit } from '../import/emit.ts';
import type { World } from '../import/import.ts';
import { type Recipe, recipeFor } from './languages.ts';
import { look, type Seen } from './look.ts';

type Wanted = {
  readonly yaml: string;
  readonly dockerfile: string;
  readonly because: readonly string[];
};

/** The first process that has a port is what the world asks for. */
function entry(draft: Draft): string | null {
  return draft.processes.find((one) => one.keys['port'] !== undefined)?.name ?? null;
}

function setFront(draft: Draft, seen: Seen): string | null {
  if (seen.nginxConf !== null) {
    const depends = entry(draft);
    const keys: Record<string, Value> = {
      command: commandOf(['nginx', '-c', `/srv/${seen.nginxConf}`, '-g', 'daemon off;']),
      stop_signal: 'QUIT',
      ...(depends === null ? {} : { depends_on: [depends] }),
    };
    draft.processes.push({ name: 'nginx', keys });
    return `nginx runs with your \`${seen.nginxConf}\`: it has to listen on the container’s port`;
  }
  const target = entry(draft);
  const routes: Record<string, Value> = {};
  for (const { folder, path } of seen.statics)
    if (path !== '/*' || target === null) routes[path] = `./${folder}/`;
  if (target !== null) routes['/*'] = target;
  if (Object.keys(routes).length === 0) return null;
  draft.top['front'] = { port: '${PORT:-8080}', routes };
  return `the front sends ${Object.entries(routes)
    .map(([path, to]) => `${path} to ${to}`)
    .join(', ')}`;
}

function needsNginx(draft: Draft): boolean {
  return (
    draft.top['front'] !== undefined ||
    draft.processes.some((one) => /^nginx\b/.test(String(one.keys['command'])))
  );
}

function dockerfile(draft: Draft, recipe: Recipe): string {
  const packages = needsNginx(draft) ? ['nginx-light'] : [];
  const install =
    packages.length === 0
      ? []
      : [
          'RUN apt-get update \\',
          ` && apt-get install -y --no-install-recommends ${packages.join(' ')} \\`,
          ' && rm -rf /var/lib/apt/lists/*',
        ];
  return `${[
    '# syntax=docker/dockerfile:1',
    ...recipe.build,
    ...(recipe.build.length > 0 ? [''] : []),
    `FROM ${recipe.base}`,
    ...install,
    '# The image of the binary alone; or COPY the binary from this folder.',
    'COPY --from=tandem /tandem /usr/bin/tandem',
    'WORKDIR /srv',
    ...recipe.install,
    ...(recipe.install.some((line) => line.startsWith('COPY .') || line.includes('/srv /srv'))
      ? []
      : ['COPY . /srv']),
    '# What is wrong with the file is said while building, not while starting.',
    'RUN ["tandem", "check"]',
    'USER nobody',
    'EXPOSE 8080',
    'STOPSIGNAL SIGTERM',
    'HEALTHCHECK CMD ["tandem", "probe", "ready"]',
    'ENTRYPOINT ["tandem"]',
  ].join('\n')}\n`;
}

function draftFor(seen: Seen, recipe: Recipe): Draft {
  if (seen.source !== null) return seen.source.draft;
  const draft = newDraft();
  for (const [name, keys] of Object.entries(recipe.processes))
    draft.processes.push({ name, keys: { ...keys } });
  return draft;
}

export function wanted(world: World): Wanted | null {
  const seen = look(world);
  const recipe = recipeFor(world, seen);
  const draft = draftFor(seen, recipe);
  const front = setFront(draft, seen);
  if (draft.processes.length === 0 && draft.top['front'] === undefined) return null;
  // A file of routes alone needs no process of its own.
  const yaml = emit(draft, ['yaml-language-server: $schema=tandem.schema.json']);
  const because = [
    ...(seen.source === null ? [] : [`the processes are those of \`${seen.source.file}\``]),
    ...(seen.source === null && recipe.because !== ''
      ? [`the command is from ${recipe.because}`]
      : []),
    ...(front === null ? [] : [front]),
  ];
  return { yaml, dockerfile: dockerfile(draft, recipe), because };
}

export function initCommand(world: World, create: Create, args: readonly string[]): Result {
  if (args.length > 0)
    return {
      code: 64,
      out: '',
      err: `tandem: cannot use \`${args[0]}\`: \`init\` takes nothing\n  hint: run it in the folder of the app\n`,
    };
  const found = wanted(world);
  if (found === null) {
    const marks =
      'package.json, requirements.txt, go.mod, Gemfile, composer.json, a Procfile, a compose.yaml';
    const hint = `${marks} or a folder \`public\` would`;
    const err = `tandem: cannot begin: nothing here says what runs\n  hint: ${hint}\n`;
    return { code: 78, out: '', err };
  }
  const files = [
    ['tandem.yaml', found.yaml],
    ['Dockerfile', found.dockerfile],
  ] as const;
  const lines: string[] = [];
  let written = 0;
  for (const [name, text] of files) {
    const refused = create(name, text);
    if (refused === null) written += 1;
    lines.push(refused === null ? `wrote ${name}` : `left ${name} as it is: ${refused}`);
  }
  const said = [...lines, ...found.because.map((line) => `  ${line}`), 'next: tandem check'];
  return { code: written > 0 ? 0 : 78, out: `${said.join('\n')}\n`, err: '' };
}
