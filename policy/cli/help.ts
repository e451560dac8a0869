export const help = `Tandem runs several processes in one container, as its PID 1 or anywhere else.

  tandem [run] [-f FILE]      run the processes of a file: tandem.yaml, tandem.json or
                              Procfile in this directory, or the one that -f names
  tandem run CMD...           each argument is one process: "PORT=8081 /srv/app"
  tandem [--] CMD ARGS...     run one command as its init
  tandem check [-f FILE]      find everything that is wrong with a file, and start nothing
  tandem plan · graph         what a file means, saved for a fast start; its order, drawn
  tandem timeline [JOURNAL]   where the cold start goes, of one that runs or wrote a --journal
  tandem status · logs        how the processes of a running Tandem stand, what they said
  tandem restart · stop · start · signal NAME
  tandem probe URL            ask ready, tcp:8080, http://…, grpc:…, unix:…, file:… once
  tandem schema · completion · version · help [COMMAND | KEY]

  -f, --file FILE             the file, - is standard input (TANDEM_CONFIG); several are merged
  --logs inherit|prefix|json  how output goes out (TANDEM_LOGS)
  --journal FILE              write what was told and answered, for a closer look
  -v, --verbose               say each step

  ENTRYPOINT ["tandem", "run", "nginx -g 'daemon off;'", "PORT=8081 /srv/app"]

A command with a PORT is ready when it accepts there; commands without one start
when all those are ready. The first process that ends stops the others, and its
exit code is Tandem's. TERM, INT and QUIT stop everything in reverse order within
9 seconds. 64 is a wrong command line, 78 a wrong file, 70 our own failure.
`;
