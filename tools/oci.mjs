// The image of the binary alone (the root's Dockerfile) as an OCI archive for several platforms,
// without a container engine, so that equal binaries give an equal image.
import { createHash } from 'node:crypto';
import { tar } from './tar.mjs';

export function sha256(bytes) {
  return createHash('sha256').update(bytes).digest('hex');
}

const media = {
  index: 'application/vnd.oci.image.index.v1+json',
  manifest: 'application/vnd.oci.image.manifest.v1+json',
  config: 'application/vnd.oci.image.config.v1+json',
  // Not compressed: the bytes of a gzip depend on who made it.
  layer: 'application/vnd.oci.image.layer.v1.tar',
};

/**
 * `binaries`: `{ architecture, bytes }`, with OCI's words for architectures (amd64, arm64);
 * `labels` go to the image and the manifest.
 */
export function ociArchive({ binaries, reference, labels, epoch }) {
  const blobs = new Map();
  const add = (mediaType, bytes) => {
    const digest = sha256(bytes);
    blobs.set(digest, bytes);
    return { mediaType, digest: `sha256:${digest}`, size: bytes.length };
  };
  const json = (value) => Buffer.from(JSON.stringify(value));
  const created = new Date(epoch * 1000).toISOString();
  const manifests = binaries.map(({ architecture, bytes }) => {
    const layer = tar([{ name: 'tandem', bytes, mode: 0o755 }], epoch);
    const config = {
      created,
      architecture,
      os: 'linux',
      config: { Entrypoint: ['/tandem'], Labels: labels },
      rootfs: { type: 'layers', diff_ids: [`sha256:${sha256(layer)}`] },
      history: [{ created, created_by: 'npm run release' }],
    };
    const manifest = {
      schemaVersion: 2,
      mediaType: media.manifest,
      config: add(media.config, json(config)),
      layers: [add(media.layer, layer)],
      annotations: labels,
    };
    return { ...add(media.manifest, json(manifest)), platform: { architecture, os: 'linux' } };
  });
  const index = { schemaVersion: 2, mediaType: media.index, manifests };
  const one = {
    ...add(media.index, json(index)),
    annotations: { 'org.opencontainers.image.ref.name': reference },
  };
  const files = [
    { name: 'blobs/', mode: 0o755 },
    { name: 'blobs/sha256/', mode: 0o755 },
    ...[...blobs]
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([digest, bytes]) => ({ name: `blobs/sha256/${digest}`, bytes, mode: 0o644 })),
    {
      name: 'index.json',
      bytes: json({ schemaVersion: 2, mediaType: media.index, manifests: [one] }),
      mode: 0o644,
    },
    { name: 'oci-layout', bytes: json({ imageLayoutVersion: '1.0.0' }), mode: 0o644 },
  ];
  return tar(files, epoch);
}
