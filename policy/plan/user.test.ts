/**
 * Goal: a user is found as container engines find it.
 * Method: a table of texts against one passwd and group file.
 */
import { expect, test } from 'vitest';
import { machine } from './machine.fake.ts';
import { resolveUser } from './user.ts';

const facts = machine({
  files: {
    '/etc/passwd': 'root:x:0:0::/root:/bin/sh\napp:x:1000:1001::/:/bin/sh\n12:x:13:14:::\n',
    '/etc/group': 'root:x:0:\nweb:x:33:app,www\nadm:x:4:www,app\n',
  },
});

test.each([
  ['app', { uid: 1000, gid: 1001, groups: [1001, 33, 4] }],
  ['1000', { uid: 1000, gid: 1001, groups: [1001, 33, 4] }],
  ['app:web', { uid: 1000, gid: 33, groups: [33] }],
  ['app:77', { uid: 1000, gid: 77, groups: [77] }],
  ['4242', { uid: 4242, gid: 0, groups: [0] }],
  ['4242:4343', { uid: 4242, gid: 4343, groups: [4343] }],
  ['root', { uid: 0, gid: 0, groups: [0] }],
  ['12', { uid: 13, gid: 14, groups: [14] }],
])('%s', (text, user) => {
  expect(resolveUser(text, facts)).toEqual({ user, problem: null });
});

test.each([
  ['ap', 'there is no user `ap` in /etc/passwd', 'did you mean `app`?'],
  ['app:wbe', 'there is no group `wbe` in /etc/group', null],
  ['', '`` is neither USER nor USER:GROUP', null],
  ['a:b:c', '`a:b:c` is neither USER nor USER:GROUP', null],
  ['4294967295', 'there is no user `4294967295` in /etc/passwd', null],
])('%j is refused', (text, problem, hint) => {
  const found = resolveUser(text, facts);
  expect(found).toMatchObject({ user: null, problem });
  if (hint !== null) expect(found).toMatchObject({ hint });
});

test('a number needs no passwd at all', () => {
  expect(resolveUser('7:8', machine({}))).toMatchObject({ user: { uid: 7, gid: 8, groups: [8] } });
});
