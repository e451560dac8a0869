/**
 * Cloud Run: a Knative service of one container that runs Tandem, or a job where the plan ends by
 * itself. The platform ignores fields that it doesn't know, so only those are written that it does.
 */
import { endsByItself } from './kubernetes.ts';
import { msOf, publicPort, seconds, type Target, warn } from './model.ts';
import { noted, type Value } from './yaml.ts';

/** Cloud Run kills after 10 s, whatever is asked for. */
const killMs = 10_000;
const deadlineSeconds = 240;

export function toCloudRun(target: Target): readonly Value[] {
  const { plan, name, image } = target;
  const stop = msOf(plan.stopTimeoutMs) ?? 9000;
  if (stop >= killMs)
    warn(target, `the stop may take ${stop / 1000} s, and Cloud Run kills after 10 s`);
  const resources = noted('A guess: measure, and write what it needs.', {
    limits: { cpu: '1', memory: '512Mi' },
  });
  // Rendered files are memory there: the file system is one.
  const container = { name, image, resources };
  if (endsByItself(target))
    return [
      {
        apiVersion: 'run.googleapis.com/v1',
        kind: 'Job',
        metadata: { name },
        spec: {
          template: {
            spec: {
              taskCount: 1,
              template: { spec: { containers: [container], maxRetries: 0, timeoutSeconds: '600' } },
            },
          },
        },
      },
    ];
  const port = publicPort(target);
  if (port === null) warn(target, 'a service has to listen on $PORT, and no process has a `port`');
  const ready = Math.max(1, ...plan.processes.map((one) => msOf(one.readyTimeoutMs) ?? 0));
  return [
    {
      apiVersion: 'serving.knative.dev/v1',
      kind: 'Service',
      metadata: { name },
      spec: {
        template: {
          metadata: {
            annotations: {
              'run.googleapis.com/execution-environment': noted(
                'gen2 is Linux as it is; gen1 starts faster, in gVisor. Tandem runs in both.',
                'gen2',
              ),
              'run.googleapis.com/startup-cpu-boost': 'true',
            },
          },
          spec: {
            containerConcurrency: 80,
            timeoutSeconds: 300,
            containers: [
              {
                ...container,
                ports: noted('Cloud Run sets PORT to it; the front listens there.', [
                  { name: 'http1', containerPort: port ?? 8080 },
                ]),
                startupProbe: {
                  tcpSocket: { port: port ?? 8080 },
                  periodSeconds: 1,
                  timeoutSeconds: 1,
                  failureThreshold: Math.min(seconds(ready), deadlineSeconds),
                },
              },
            ],
          },
        },
      },
    },
  ];
}
