// What an editor shows for a file, by yaml-language-server: problems, a hover, and what is offered.
//     node language-server.mjs < {"schema": schema, "bad": text, "hover": text}
import { readFileSync } from 'node:fs';
import { TextDocument } from 'vscode-languageserver-textdocument';
import { getLanguageService } from 'yaml-language-server';

const { schema, bad, hover } = JSON.parse(readFileSync(0, 'utf8'));
const uri = 'tandem.schema.json';
const service = getLanguageService({
  schemaRequestService: async () => JSON.stringify(schema),
  workspaceContext: { resolveRelativePath: (path) => path },
  telemetry: { send() {}, sendError() {}, sendTrack() {} },
});
service.configure({
  validate: true,
  hover: true,
  completion: true,
  schemas: [{ uri, fileMatch: ['*.yaml'], schema }],
});

let count = 0;
/** A name of its own each: the server remembers what it has read by name and version. */
function document(text) {
  count += 1;
  return TextDocument.create(`file:///tandem-${count}.yaml`, 'yaml', 1, text);
}

const problems = await service.doValidation(document(bad), false);
const shown = await service.doHover(document(hover), { line: 3, character: 8 });
const offer = (text, character) =>
  service.doComplete(document(`${hover}${text}`), { line: 4, character }, false);
const keys = await offer('    st', 6);
const values = await offer('    restart: ', 13);
process.stdout.write(
  JSON.stringify({
    problems: problems.map(({ range, message }) => `${range.start.line}: ${message}`),
    shown: JSON.stringify(shown?.contents ?? ''),
    offered: keys.items.map((item) => item.label),
    explained: keys.items.map((item) => `${item.label}: ${item.documentation ?? ''}`),
    values: values.items.map((item) => item.label),
  }),
);
process.exit(0);
