// What an editor shows for a file, by yaml-language-server: problems, a hover, and what is offered.
//     node language-server.mjs < {"bad": text, "hover": text}
import { readFileSync } from 'node:fs';
import { TextDocument } from 'vscode-languageserver-textdocument';
import { getLanguageService } from 'yaml-language-server';

const { bad, hover } = JSON.parse(readFileSync(0, 'utf8'));
const schema = JSON.parse(readFileSync('build/tandem.schema.json', 'utf8'));
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

const document = (text) => TextDocument.create('file:///tandem.yaml', 'yaml', 1, text);

const problems = await service.doValidation(document(bad), false);
const shown = await service.doHover(document(hover), { line: 3, character: 8 });
const offered = await service.doComplete(
  document(`${hover}    st`),
  { line: 4, character: 6 },
  false,
);
process.stdout.write(
  JSON.stringify({
    problems: problems.map(({ range, message }) => `${range.start.line}: ${message}`),
    shown: JSON.stringify(shown?.contents ?? ''),
    offered: offered.items.map((item) => item.label),
  }),
);
process.exit(0);
