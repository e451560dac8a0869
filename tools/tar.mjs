// Archives whose bytes follow from their contents alone: ustar, names in the order given, one time
// for all, no owner but root.

const block = 512;

function header({ name, size, mode, type, epoch }) {
  if (Buffer.byteLength(name) > 100)
    throw new Error(`cannot archive ${name}: its name is too long`);
  const bytes = Buffer.alloc(block);
  const octal = (value, at, length) =>
    bytes.write(`${value.toString(8).padStart(length - 1, '0')}\0`, at);
  bytes.write(name, 0);
  octal(mode, 100, 8);
  octal(0, 108, 8);
  octal(0, 116, 8);
  octal(size, 124, 12);
  octal(epoch, 136, 12);
  bytes.write('        ', 148);
  bytes.write(type, 156);
  bytes.write('ustar\x0000', 257, 'latin1');
  const sum = bytes.reduce((total, byte) => total + byte, 0);
  bytes.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148);
  return bytes;
}

/** `files`: `{ name, bytes, mode }`; a name that ends with a slash is a folder. */
export function tar(files, epoch) {
  const parts = [];
  for (const { name, bytes = Buffer.alloc(0), mode } of files) {
    const type = name.endsWith('/') ? '5' : '0';
    parts.push(header({ name, size: bytes.length, mode, type, epoch }), bytes);
    parts.push(Buffer.alloc((block - (bytes.length % block)) % block));
  }
  return Buffer.concat([...parts, Buffer.alloc(2 * block)]);
}
