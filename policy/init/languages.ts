/** For each language: what runs, and how its image is built. */
import type { Value } from '../import/draft.ts';
import type { World } from '../import/import.ts';
import type { Language, Seen } from './look.ts';

export type Recipe = {
  /** Keys of the app, and of oneshots before it, by name. */
  readonly processes: Readonly<Record<string, Record<string, Value>>>;
  /** The image that it runs on. */
  readonly base: string;
  /** Lines of an earlier stage named `build`; none where nothing is built. */
  readonly build: readonly string[];
  /** Lines that put the app into the last stage. */
  readonly install: readonly string[];
  /** How it was known: said to the person. */
  readonly because: string;
};

const appPort = 8081;
const port = '${app.port}';

type Package = {
  readonly main?: string;
  readonly scripts?: Readonly<Record<string, string>>;
  readonly dependencies?: Readonly<Record<string, string>>;
};

function parsePackage(text: string | null): Package {
  try {
    return JSON.parse(text ?? '{}') as Package;
  } catch {
    return {};
  }
}

function nodeCommand(pack: Package, files: readonly string[]): readonly [string, string] {
  if (pack.dependencies?.['next'] !== undefined)
    return [
      `node node_modules/next/dist/bin/next start -H 127.0.0.1 -p ${port}`,
      'next in package.json',
    ];
  const start = pack.scripts?.['start'];
  // npm between Tandem and the app swallows signals and the exit code's reason.
  if (start !== undefined && /^node\s+[^&|;<>$`'"]+$/.test(start))
    return [start, '`start` in package.json'];
  if (start !== undefined) return ['npm start', '`start` in package.json'];
  const main = [pack.main, 'server.js', 'index.js', 'app.js'].find(
    (name) => name !== undefined && files.includes(name),
  );
  return [
    `node ${main ?? 'server.js'}`,
    main === undefined ? 'a guess: nothing names a start' : `\`${main}\``,
  ];
}

function node(world: World, seen: Seen): Recipe {
  const pack = parsePackage(world.read('package.json'));
  const [command, because] = nodeCommand(pack, seen.files);
  const lock = seen.files.includes('package-lock.json');
  const installs = lock ? 'npm ci' : 'npm install';
  const builds = pack.scripts?.['build'] !== undefined;
  return {
    processes: { app: { command, port: appPort } },
    base: 'node:20-bookworm-slim',
    build: [
      'FROM node:20-bookworm-slim AS build',
      'WORKDIR /srv',
      `COPY package.json ${lock ? 'package-lock.json ' : ''}./`,
      `RUN ${installs}`,
      'COPY . .',
      ...(builds ? ['RUN npm run build'] : []),
      'RUN npm prune --omit=dev',
    ],
    install: ['COPY --from=build /srv /srv'],
    because,
  };
}

function pythonCommand(world: World, seen: Seen): readonly [string, string, boolean] {
  const wanted =
    `${world.read('requirements.txt') ?? ''}\n${world.read('pyproject.toml') ?? ''}`.toLowerCase();
  const has = (name: string): boolean => new RegExp(`(^|["'\\s])${name}\\b`, 'm').test(wanted);
  const module =
    ['app', 'main', 'wsgi', 'server'].find((name) => seen.files.includes(`${name}.py`)) ?? 'app';
  if (seen.files.includes('manage.py')) {
    const text = world.read('manage.py') ?? '';
    const project = /DJANGO_SETTINGS_MODULE['"],\s*['"](\w+)\./.exec(text)?.[1] ?? 'project';
    const command = has('gunicorn')
      ? `gunicorn --bind 127.0.0.1:${port} ${project}.wsgi`
      : `python3 manage.py runserver --noreload 127.0.0.1:${port}`;
    return [command, 'manage.py of Django', true];
  }
  if (has('fastapi') || has('uvicorn') || has('starlette'))
    return [
      `uvicorn --host 127.0.0.1 --port ${port} ${module}:app`,
      `an ASGI framework and \`${module}.py\``,
      false,
    ];
  if (has('gunicorn'))
    return [
      `gunicorn --bind 127.0.0.1:${port} ${module}:app`,
      `gunicorn and \`${module}.py\``,
      false,
    ];
  if (has('flask'))
    return [`flask --app ${module} run --port ${port}`, `Flask and \`${module}.py\``, false];
  return [`python3 ${module}.py`, `\`${module}.py\``, false];
}

function python(world: World, seen: Seen): Recipe {
  const [command, because, isDjango] = pythonCommand(world, seen);
  const requirements = seen.files.includes('requirements.txt');
  const migrate = { migrate: { command: 'python3 manage.py migrate --noinput', oneshot: true } };
  const app = { command, port: appPort, ...(isDjango ? { depends_on: ['migrate'] } : {}) };
  return {
    processes: { ...(isDjango ? migrate : {}), app },
    base: 'python:3.12-slim-bookworm',
    build: [
      'FROM python:3.12-slim-bookworm AS build',
      'RUN python3 -m venv /venv',
      'WORKDIR /srv',
      ...(requirements
        ? [
            'COPY requirements.txt ./',
            'RUN /venv/bin/pip install --no-cache-dir -r requirements.txt',
          ]
        : ['COPY . .', 'RUN /venv/bin/pip install --no-cache-dir .']),
    ],
    install: [
      'COPY --from=build /venv /venv',
      'ENV PATH=/venv/bin:$PATH PYTHONUNBUFFERED=1',
      'COPY . /srv',
    ],
    because,
  };
}

function go(world: World): Recipe {
  const module = /^module\s+(\S+)/m.exec(world.read('go.mod') ?? '')?.[1] ?? 'app';
  const version = /^go\s+(\d+\.\d+)/m.exec(world.read('go.mod') ?? '')?.[1] ?? '1';
  const main = world.list('cmd')?.[0];
  return {
    processes: { app: { command: '/srv/app', port: appPort } },
    base: 'debian:bookworm-slim',
    build: [
      `FROM golang:${version}-bookworm AS build`,
      'WORKDIR /src',
      'COPY go.mod go.sum* ./',
      'RUN go mod download',
      'COPY . .',
      `RUN CGO_ENABLED=0 go build -trimpath -ldflags=-s -o /app ${main === undefined ? '.' : `./cmd/${main}`}`,
    ],
    install: ['COPY --from=build /app /srv/app'],
    because: `go.mod of \`${module}\`; the program has to listen on $PORT`,
  };
}

function ruby(world: World, seen: Seen): Recipe {
  const gems = world.read('Gemfile') ?? '';
  const rails = /^\s*gem\s+['"]rails['"]/m.test(gems);
  const server =
    /['"]puma['"]/.test(gems) || rails
      ? `bundle exec puma -b tcp://127.0.0.1:${port}`
      : `bundle exec rackup -o 127.0.0.1 -p ${port}`;
  const migrate = { migrate: { command: 'bundle exec rails db:migrate', oneshot: true } };
  return {
    processes: {
      ...(rails ? migrate : {}),
      app: { command: server, port: appPort, ...(rails ? { depends_on: ['migrate'] } : {}) },
    },
    base: 'ruby:3.3-slim-bookworm',
    build: [
      'FROM ruby:3.3-bookworm AS build',
      'WORKDIR /srv',
      `COPY Gemfile ${seen.files.includes('Gemfile.lock') ? 'Gemfile.lock ' : ''}./`,
      'RUN bundle config set --local path vendor/bundle && bundle install',
    ],
    install: [
      'COPY . /srv',
      'COPY --from=build /srv/vendor /srv/vendor',
      'ENV BUNDLE_PATH=vendor/bundle',
    ],
    because: rails ? 'rails in the Gemfile' : 'the Gemfile',
  };
}

function php(_world: World, seen: Seen): Recipe {
  const composer = seen.files.includes('composer.json');
  const root = seen.files.includes('public') ? '/srv/public' : '/srv';
  return {
    processes: {
      app: { command: `php -S 127.0.0.1:${port} -t ${root}`, port: appPort },
    },
    base: 'php:8.3-cli-bookworm',
    build: composer
      ? [
          'FROM composer:2 AS build',
          'WORKDIR /srv',
          'COPY . .',
          'RUN composer install --no-dev --optimize-autoloader',
        ]
      : [],
    install: [composer ? 'COPY --from=build /srv /srv' : 'COPY . /srv'],
    because: 'PHP’s own server; php-fpm behind the front serves more at a time',
  };
}

const recipes: Readonly<Record<Language, (world: World, seen: Seen) => Recipe>> = {
  node,
  python,
  go,
  ruby,
  php,
};

/** What is not of a language: files alone, or programs of Debian. */
const plain: Recipe = {
  processes: {},
  base: 'debian:bookworm-slim',
  build: [],
  install: ['COPY . /srv'],
  because: 'no language is known by its files',
};

export function recipeFor(world: World, seen: Seen): Recipe {
  return seen.language === null ? plain : recipes[seen.language](world, seen);
}
