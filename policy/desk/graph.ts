/** The order of start and stop, drawn: aligned text, Mermaid, DOT. */
import { frontNeeds, needsOf } from '../plan/graph.ts';
import type { BoundProcess, Plan } from '../plan/plan.ts';
import type { PlannedFront } from '../plan/planned-front.ts';

type Drawn = Pick<BoundProcess, 'name' | 'oneshot' | 'essential' | 'needs'>;
type Graph = { readonly processes: readonly Drawn[] };

export type GraphFormat = 'text' | 'mermaid' | 'dot';

const words = { ready: 'ready', completed: 'completed', started: 'started' } as const;

/** For each process how many others stand before it in its longest chain. */
function depths(edges: readonly (readonly number[])[]): readonly number[] {
  const memo: number[] = [];
  const visit = (i: number): number => {
    memo[i] ??= Math.max(0, ...(edges[i] ?? []).map((next) => 1 + visit(next)));
    return memo[i];
  };
  return edges.map((_, i) => visit(i));
}

function waves(all: readonly number[]): readonly (readonly number[])[] {
  return Array.from({ length: Math.max(...all) + 1 }, (_, depth) =>
    all.flatMap((own, i) => (own === depth ? [i] : [])),
  );
}

function list(names: readonly string[]): string {
  return names.length < 2
    ? names.join('')
    : `${names.slice(0, -1).join(', ')} and ${names[names.length - 1]}`;
}

function waitsFor(processes: readonly Drawn[], { needs }: Drawn): string {
  const parts = (['completed', 'ready', 'started'] as const).flatMap((condition) => {
    const names = needs
      .filter((need) => need.condition === condition)
      .map((need) => processes[need.process]?.name ?? '');
    const are = names.length === 1 ? 'has' : 'have';
    const verb = condition === 'ready' ? (names.length === 1 ? 'is' : 'are') : are;
    return names.length === 0 ? [] : [`${list(names)} ${verb} ${words[condition]}`];
  });
  return parts.length === 0 ? 'at once' : `when ${parts.join(', and ')}`;
}

function note({ oneshot, essential }: Drawn): string {
  const notes = [...(oneshot ? ['oneshot'] : []), ...(essential ? [] : ['not essential'])];
  return notes.length === 0 ? '' : ` (${notes.join(', ')})`;
}

function text({ processes }: Graph): string {
  const width = Math.max(...processes.map((one) => one.name.length));
  const needs = processes.map((one) => one.needs.map((need) => need.process));
  const users = processes.map((_, i) =>
    processes.flatMap((one, at) => (one.needs.some((need) => need.process === i) ? [at] : [])),
  );
  const line = (mark: string, one: Drawn, what: string): string =>
    `  ${mark} ${one.name.padEnd(width)}  ${what}${note(one)}\n`;
  const draw = (depth: readonly number[], what: (one: Drawn, i: number) => string): string =>
    waves(depth)
      .map((wave, at) =>
        wave
          .map((i, k) => {
            const one = processes[i] as Drawn;
            return line(k === 0 ? `${at + 1}.` : '  ', one, what(one, i));
          })
          .join(''),
      )
      .join('');
  const start = draw(depths(needs), (one) => waitsFor(processes, one));
  const stop = draw(depths(users), (_, i) => {
    const names = (users[i] ?? []).map((at) => processes[at]?.name ?? '');
    const verb = names.length === 1 ? 'has' : 'have';
    return names.length === 0 ? 'at once' : `when ${list(names)} ${verb} ended`;
  });
  return `start\n${start}\nstop\n${stop}`;
}

/** Names of processes may be keywords of Mermaid's (`end`), so its ids are numbers. */
function mermaid({ processes }: Graph): string {
  const nodes = processes.map((one, i) => {
    const [open, close] = one.oneshot ? ['([', '])'] : ['[', ']'];
    const style = one.essential ? '' : `  style p${i} stroke-dasharray: 4 4\n`;
    return `  p${i}${open}"${one.name}"${close}\n${style}`;
  });
  const edges = processes.flatMap((one, i) =>
    one.needs.map(({ process, condition }) => `  p${process} -- ${condition} --> p${i}\n`),
  );
  return `flowchart LR\n${nodes.join('')}${edges.join('')}`;
}

function dot({ processes }: Graph): string {
  const nodes = processes.map((one) => {
    const style = one.essential ? '' : ', style=dashed';
    return `  "${one.name}" [shape=${one.oneshot ? 'ellipse' : 'box'}${style}];\n`;
  });
  const edges = processes.flatMap((one) =>
    one.needs.map(
      ({ process, condition }) =>
        `  "${processes[process]?.name}" -> "${one.name}" [label="${condition}"];\n`,
    ),
  );
  return `digraph tandem {\n  rankdir=LR;\n${nodes.join('')}${edges.join('')}}\n`;
}

/** nginx does not know gRPC-Web, and has a process beside it that does. */
function needsTranslator(front: PlannedFront): boolean {
  const { engine, routes } = front;
  return (
    engine === 'nginx' &&
    routes.some((one) => one.type === 'process' && one.protocol === 'grpc-web')
  );
}

export function drawGraph(plan: Plan, format: GraphFormat): string {
  const processes: Drawn[] = plan.processes.map((one) => ({ ...one, needs: needsOf(plan, one) }));
  const own = { oneshot: false, essential: true };
  const needs = frontNeeds(plan);
  if (plan.front !== null && needsTranslator(plan.front)) {
    const beside = { process: processes.length, condition: 'ready' as const };
    processes.push({ name: 'front-grpc-web', ...own, needs });
    processes.push({ name: 'front', ...own, needs: [...needs, beside] });
  } else if (plan.front !== null) processes.push({ name: 'front', ...own, needs });
  if (processes.length === 0) return '';
  return { text, mermaid, dot }[format]({ processes });
}
