/** The manual page, tandem(1), in man(7)'s macros. */
import { commands, exitStatus, variables } from './commands.ts';
import { groups, typeText } from './reference.ts';

/** A line that begins with a dot or a quote would be a request. */
function roff(text: string): string {
  return text
    .replaceAll('\\', '\\e')
    .replaceAll('-', '\\-')
    .replace(/`([^`]*)`/g, '\\fB$1\\fR')
    .replaceAll('’', '\\(cq')
    .replaceAll('–', '\\(en')
    .replaceAll('…', '...')
    .replace(/^([.'])/gm, '\\&$1');
}

export function manPage(version: string): string {
  const usage = commands.map(
    ({ usage: words, text, flags, example }) =>
      `.SS tandem ${roff(words)}\n${roff(text)}\n` +
      flags
        .map(
          ([flag, value, said]) =>
            `.TP\n${`\\fB${roff(flag).replace(', ', '\\fR, \\fB')}\\fR ${roff(value ?? '')}`.trimEnd()}\n${roff(said)}\n`,
        )
        .join('') +
      `.PP\n.nf\n${roff(example)}\n.fi\n`,
  );
  const keys = groups.map(
    ({ title, text, keys: all }) =>
      `.SS ${roff(title)}\n${roff(text)}\n` +
      all
        .map((key) => {
          const by = key.default === null ? '' : ` Default: ${key.default}.`;
          return `.TP\n\\fB${roff(key.key)}\\fR\n${roff(`${typeText(key.type)}.${by} ${key.text}`)}\n`;
        })
        .join(''),
  );
  const environment = variables
    .map(([names, text]) => `.TP\n\\fB${names.replaceAll(', ', '\\fR, \\fB')}\\fR\n${text}\n`)
    .join('');
  return `.TH TANDEM 1 "" "tandem ${version}" "User Commands"
.SH NAME
tandem \\- run several processes in one container
.SH SYNOPSIS
.B tandem
[\\fBrun\\fR] [\\fB\\-f\\fR \\fIFILE\\fR]
.br
.B tandem run
\\fICOMMAND\\fR...
.br
.B tandem
[\\fB\\-\\-\\fR] \\fICOMMAND ARGUMENTS\\fR...
.SH DESCRIPTION
${roff(
  'Tandem is the entrypoint of a container: it starts processes in order of readiness, ends with the first that fails and with its code, stops the others in reverse order inside the budget of the platform, and reaps what is left. An argument that holds a blank or begins with NAME= is a process of its own; without, the arguments are one command that Tandem is the init of.',
)}
.SH COMMANDS
${usage.join('')}.SH CONFIGURATION
${keys.join('')}.SH ENVIRONMENT
${environment}.SH EXIT STATUS
${roff(exitStatus)}
`;
}
