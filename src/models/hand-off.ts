/**
 * A turn goes to and fro between two threads over two words (`src/engine/threads/hand-off.ts`): whoever
 * waits gets it, asleep or awake.
 */
import type { Memory } from '../../shared/memory/memory.ts';
import { awaitTurn, giveTurn } from '../engine/threads/hand-off.ts';
import { namedCells } from '../explore/cells.ts';
import type { ModelCpu } from '../explore/explored-memory.ts';
import { model, type Model } from '../explore/model.ts';
import { everyState } from '../explore/state-walk.ts';
import type { Catalogued } from './catalogued.ts';
import { inPieces, unheard } from './tampered-memory.ts';

const { plan, at } = namedCells({ ping: 0, pong: 0 });

/** Gives turns 1, 2 .. and waits for the answer to each. */
function serve(memory: Memory, cpu: ModelCpu, rounds: number): number[] {
  return Array.from({ length: rounds }, (_, round) => {
    giveTurn(memory, at.ping, round + 1);
    return awaitTurn(memory, at.pong, round, cpu.choose('looks', [0, 1, 2]));
  });
}

function answer(memory: Memory, cpu: ModelCpu, rounds: number): number[] {
  return Array.from({ length: rounds }, (_, round) => {
    const turn = awaitTurn(memory, at.ping, round, cpu.choose('looks', [0, 1, 2]));
    giveTurn(memory, at.pong, turn);
    return turn;
  });
}

function handOff(rounds: number, tamper: (memory: Memory) => Memory = (memory) => memory): Model {
  const turns = JSON.stringify(Array.from({ length: rounds }, (_, round) => round + 1));
  return model({
    name: 'hand-off',
    cells: plan,
    threads: [
      { name: 'server', run: (memory: Memory, cpu: ModelCpu) => serve(tamper(memory), cpu, rounds) },
      { name: 'answerer', run: (memory: Memory, cpu: ModelCpu) => answer(tamper(memory), cpu, rounds) },
    ],
    check: ({ results }) => (results.every((got) => JSON.stringify(got) === turns) ? undefined : `turns ${JSON.stringify(results)}`),
  });
}

export const HAND_OFF: Catalogued = {
  id: 'hand-off',
  says: 'A turn goes to and fro twice, each wait with none, one or two looks before it sleeps: no turn is missed.',
  model: handOff(2),
  mutants: [
    {
      id: 'sleeps-in-pieces', says: 'the waiter looks, and then says that it sleeps',
      model: handOff(2, (memory) => inPieces(inPieces(memory, at.ping), at.pong)),
    },
    { id: 'silent', says: 'nobody is woken', model: handOff(1, (memory) => unheard(memory, at.ping)) },
  ],
  quick: everyState,
};
