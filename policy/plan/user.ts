/** `name|uid[:group|gid]` as the container engines read it; a number needs no entry anywhere. */
import { didYouMean } from '../config/nearest.ts';
import type { Facts } from './facts.ts';
import type { User } from './plan.ts';

export type UserFound =
  | { readonly user: User; readonly problem: null }
  | { readonly user: null; readonly problem: string; readonly hint: string | null };

type Fields = readonly string[];

function records(facts: Pick<Facts, 'read'>, path: string): readonly Fields[] {
  return (facts.read(path).value ?? '')
    .split('\n')
    .map((line) => line.split(':'))
    .filter((fields) => fields.length >= 4);
}

function idOf(text: string): number | null {
  return /^\d{1,10}$/.test(text) && Number(text) < 2 ** 32 - 1 ? Number(text) : null;
}

function unknown(kind: 'user' | 'group', name: string, all: readonly Fields[]): UserFound {
  const names = all.map((fields) => fields[0] ?? '');
  const file = kind === 'user' ? '/etc/passwd' : '/etc/group';
  const hint = didYouMean(name, names) ?? `use a number, or add it to ${file} in the image`;
  return { user: null, problem: `there is no ${kind} \`${name}\` in ${file}`, hint };
}

/**
 * With no group named: the user's own, and those that list it as a member.
 * With one named: that one alone. A number without an entry has group 0.
 */
export function resolveUser(text: string, facts: Pick<Facts, 'read'>): UserFound {
  const [who = '', group, extra] = text.split(':');
  if (who === '' || group === '' || extra !== undefined)
    return { user: null, problem: `\`${text}\` is neither USER nor USER:GROUP`, hint: null };
  const users = records(facts, '/etc/passwd');
  const groups = records(facts, '/etc/group');
  const number = idOf(who);
  const entry =
    users.find((fields) => fields[0] === who) ??
    users.find((fields) => number !== null && idOf(fields[2] ?? '') === number);
  const uid = entry === undefined ? number : idOf(entry[2] ?? '');
  if (uid === null) return unknown('user', who, users);
  if (group !== undefined) {
    const found = groups.find((fields) => fields[0] === group);
    const gid = found === undefined ? idOf(group) : idOf(found[2] ?? '');
    if (gid === null) return unknown('group', group, groups);
    return { user: { uid, gid, groups: [gid] }, problem: null };
  }
  const gid = entry === undefined ? 0 : (idOf(entry[3] ?? '') ?? 0);
  const name = entry?.[0];
  const member = groups
    .filter((fields) => name !== undefined && (fields[3] ?? '').split(',').includes(name))
    .flatMap((fields) => idOf(fields[2] ?? '') ?? []);
  return { user: { uid, gid, groups: [...new Set([gid, ...member])] }, problem: null };
}
