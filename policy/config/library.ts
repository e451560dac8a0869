/** The section of the binary that holds the whole of YAML. */
export { parseYaml } from './parse.ts';
