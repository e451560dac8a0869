/**
 * `tandem export`: the way out, when one container is no longer enough. From the same plan; what
 * can't be said there is a warning on stderr and a comment in the file.
 */
import { didYouMean } from '../config/nearest.ts';
import type { Plan } from '../plan/plan.ts';
import { toCloudRun } from './cloud-run.ts';
import { toCompose } from './compose.ts';
import { type Shape, toKubernetes } from './kubernetes.ts';
import type { Target } from './model.ts';
import { toProcfile } from './procfile.ts';
import { toSystemd } from './systemd.ts';
import { toYaml, type Value } from './yaml.ts';

export const formats = ['kubernetes', 'cloud-run', 'compose', 'systemd', 'procfile'] as const;
export type Format = (typeof formats)[number];
export const shapes: readonly Shape[] = ['one', 'sidecars', 'split'];

export type Options = {
  readonly format: Format;
  readonly shape: Shape;
  readonly name: string;
  /** null: a placeholder, and that is said. */
  readonly image: string | null;
};

export type Exported = {
  readonly files: readonly { readonly name: string; readonly text: string }[];
  /** Sentences. */
  readonly warnings: readonly string[];
};

const imagePlace = 'registry.example/IMAGE:TAG';

function documents(all: readonly Value[]): string {
  return all.map(toYaml).join('---\n');
}

function write(target: Target, { format, shape }: Options): Exported['files'] {
  switch (format) {
    case 'kubernetes':
      return [{ name: 'kubernetes.yaml', text: documents(toKubernetes(target, shape)) }];
    case 'cloud-run':
      return [{ name: 'cloud-run.yaml', text: documents(toCloudRun(target)) }];
    case 'compose':
      return [{ name: 'compose.yaml', text: toYaml(toCompose(target)) }];
    case 'procfile':
      return [{ name: 'Procfile', text: toProcfile(target) }];
    case 'systemd':
      return toSystemd(target);
    default:
      return format satisfies never;
  }
}

export function exportPlan(plan: Plan, options: Options): Exported {
  const { format, name, image } = options;
  const target: Target = { plan, name, image: image ?? imagePlace, warnings: [] };
  const files = write(target, options);
  if (image === null && format !== 'systemd' && format !== 'procfile')
    target.warnings.push(`the image is a placeholder, ${imagePlace}: name it with --image`);
  const notes = target.warnings.map((text) => `# not carried over: ${text}\n`).join('');
  const head = `# Made by \`tandem export ${format}\`.\n${notes}`;
  return {
    files: files.map((file, i) => (i === 0 ? { ...file, text: `${head}${file.text}` } : file)),
    warnings: target.warnings,
  };
}

export type Asked =
  | { readonly options: Options; readonly rest: readonly string[]; readonly output: string | null }
  | { readonly problem: string; readonly hint: string };

const usage =
  'tandem export FORMAT [-f FILE] [--shape one|sidecars|split] [--name NAME] [--image IMAGE] [-o DIR]';

/** `rest`: what is left for the reader of files. */
export function readExport(words: readonly string[]): Asked {
  const rest: string[] = [];
  let options: Options = { format: 'kubernetes', shape: 'one', name: 'app', image: null };
  let format: Format | null = null;
  let output: string | null = null;
  for (let at = 0; at < words.length; at += 1) {
    const word = words[at] ?? '';
    const value = words[at + 1];
    if (['--shape', '--name', '--image', '-o', '--output', '-f', '--file'].includes(word)) {
      at += 1;
      if (value === undefined)
        return { problem: `cannot read \`${word}\`: it needs a value`, hint: usage };
      const shape = shapes.find((one) => one === value);
      if (word === '--image') options = { ...options, image: value };
      else if (word === '-o' || word === '--output') output = value;
      else if (word === '-f' || word === '--file') rest.push(word, value);
      else if (word === '--name' && /^[a-z]([a-z0-9-]{0,40}[a-z0-9])?$/.test(value))
        options = { ...options, name: value };
      else if (word === '--shape' && shape !== undefined) options = { ...options, shape };
      else
        return {
          problem: `cannot use \`${word} ${value}\``,
          hint:
            word === '--name' ? 'small letters, digits and dashes' : `one of ${shapes.join(', ')}`,
        };
    } else if (word.startsWith('-'))
      return { problem: `cannot read \`${word}\`: no such option`, hint: usage };
    else if (format === null) {
      format = formats.find((one) => one === word) ?? null;
      const hint = didYouMean(word, formats) ?? `one of ${formats.join(', ')}`;
      if (format === null) return { problem: `cannot export to \`${word}\``, hint };
    } else return { problem: `cannot export to \`${word}\` too`, hint: usage };
  }
  if (format === null)
    return { problem: 'cannot export: to what?', hint: `one of ${formats.join(', ')}` };
  return { options: { ...options, format }, rest, output };
}
