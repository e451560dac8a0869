/** An errno in words, for what is done to files. */
export function whyNot(error: string): string {
  if (error === 'ENOENT' || error === 'ENOTDIR') return 'there is no such file';
  if (error === 'EACCES' || error === 'EPERM') return 'permission denied';
  if (error === 'EISDIR') return 'it is a directory';
  if (error === 'EFBIG') return 'it is larger than 1 MB';
  if (error === 'EROFS') return 'the file system is read-only';
  if (error === 'EILSEQ') return 'it is not UTF-8';
  return error;
}
