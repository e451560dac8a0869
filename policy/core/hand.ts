/** What a person asks of one process by hand; its dependents are left alone. */
import { hold, startNow, stopByHand } from './cells.ts';
import { fresh, type Unit } from './state.ts';
import type { Input, Turn } from './turn.ts';

export function holdNow(unit: Unit, _input: unknown, turn: Turn): Unit {
  return hold(unit, turn);
}

export function holdRunning(unit: Unit, _input: unknown, turn: Turn): Unit {
  return stopByHand(unit, 'hold', turn);
}

export function restartRunning(unit: Unit, _input: unknown, turn: Turn): Unit {
  return stopByHand(unit, 'restart', turn);
}

/** On its way down, or up: what was asked last counts. One that has ended for good stays so. */
export function holdLater(unit: Unit): Unit {
  return unit.end === null ? { ...unit, hand: 'hold' } : unit;
}

/** On its way down: another run follows at once. */
export function startLater(unit: Unit): Unit {
  return { ...unit, hand: 'restart' };
}

/** The host's answer is still to come; a stop by hand is taken back. */
export function startAfterAll(unit: Unit): Unit {
  return { ...unit, hand: null };
}

/** One that never ran has its turn still before it; what it needs is awaited. */
export function startAgain(unit: Unit, _input: unknown, turn: Turn): Unit {
  return unit.run === 0 ? fresh : startNow(unit, turn);
}

export function pass(unit: Unit, input: Extract<Input, { type: 'signal' }>, turn: Turn): Unit {
  const { process, actions } = turn;
  const { signal } = input;
  actions.push({ type: 'signal', process, run: unit.run, signal, target: 'main', wake: false });
  return unit;
}
