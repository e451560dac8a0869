/**
 * A plan in a file. It is made by `tandem plan` and read by `run` without any
 * parser; it is no second way to write a configuration, so a changed one is
 * refused by its check sum rather than half understood.
 */
import { emptyPlan } from './defaults.ts';
import type { Facts } from './facts.ts';
import { type Plan, planVersion } from './plan.ts';

/** The first bytes of the file, by which it is known. */
const head = '{"tandem-plan":';

export function isSaved(text: string): boolean {
  return text.startsWith(head);
}

/** `base`: where relative paths begin, from the file's own folder. */
export function savePlan(
  plan: Plan,
  base: string,
  facts: Pick<Facts, 'digest'>,
  indent = 0,
): string {
  const body = JSON.stringify({ base, plan }, null, indent);
  return `${head}${planVersion},"digest":"${facts.digest(body)}",\n"content":${body}}\n`;
}

export type Opened =
  | { readonly plan: Plan; readonly base: string; readonly problem: null }
  | { readonly plan: null; readonly problem: string; readonly hint: string };

export function openPlan(text: string, facts: Pick<Facts, 'digest'>): Opened {
  const match = /^\{"tandem-plan":(\d+),"digest":"(\w+)",\n"content":/.exec(text);
  const again = 'make it again with `tandem plan -o FILE`';
  const version = Number(/^\{"tandem-plan":(\d+)/.exec(text)?.[1] ?? 0);
  if (version !== planVersion)
    return {
      plan: null,
      problem: `it is a plan of version ${version}, and this Tandem reads version ${planVersion}`,
      hint: again,
    };
  const body = text.slice(match?.[0].length ?? 0, text.trimEnd().length - 1);
  if (match === null || facts.digest(body) !== match[2])
    return {
      plan: null,
      problem: 'it was changed after it was made',
      hint: `change what it was made from, and ${again}`,
    };
  const content: { readonly base: string; readonly plan: Plan } = JSON.parse(body);
  // What a plan of an earlier Tandem does not say is as it was before it could be said.
  return { ...content, plan: { ...emptyPlan, ...content.plan }, problem: null };
}
