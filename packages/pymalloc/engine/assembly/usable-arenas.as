/** The list of usable arenas, as src/usable-arenas.ts has it. Records are given as addresses. AssemblyScript. */
import { engine, state } from "./host";
import {
  ARENA_NEXTARENA,
  ARENA_NFREEPOOLS,
  ARENA_NTOTALPOOLS,
  ARENA_PREVARENA,
  ENGINE_KEEPS_LAST_ARENA,
  STATE_NFP2LASTA,
  STATE_USABLE_ARENAS,
} from "./layout";

/** The entry `nfp2lasta[nfree]`, relative to its offset in the state. */
@inline
function last(nfree: u32): u32 {
  return state + (nfree << 2);
}

/** The first arena loses a free pool. */
export function usableArenaLosesPool(arena: u32): void {
  const nfree = load<u32>(arena, ARENA_NFREEPOOLS);
  if (load<u32>(last(nfree), STATE_NFP2LASTA) == arena) store<u32>(last(nfree), 0, STATE_NFP2LASTA);
  store<u32>(arena, nfree - 1, ARENA_NFREEPOOLS);
  if (nfree > 1) {
    store<u32>(last(nfree - 1), arena, STATE_NFP2LASTA);
    return;
  }
  const next = load<u32>(arena, ARENA_NEXTARENA);
  store<u32>(state, next, STATE_USABLE_ARENAS);
  if (next) store<u32>(next, 0, ARENA_PREVARENA);
}

/** An arena gains a free pool. True if it is to be given back; then it is in no list any more. */
export function usableArenaGainsPool(arena: u32): bool {
  const old = load<u32>(arena, ARENA_NFREEPOOLS);
  const nfree = old + 1;
  const lastOfOld = load<u32>(last(old), STATE_NFP2LASTA);
  if (lastOfOld == arena) {
    const prev = load<u32>(arena, ARENA_PREVARENA);
    const inherits = prev != 0 && load<u32>(prev, ARENA_NFREEPOOLS) == old;
    store<u32>(last(old), inherits ? prev : 0, STATE_NFP2LASTA);
  }
  store<u32>(arena, nfree, ARENA_NFREEPOOLS);

  if (
    nfree == load<u32>(arena, ARENA_NTOTALPOOLS) &&
    (load<u32>(arena, ARENA_NEXTARENA) != 0 || !load<u32>(engine, ENGINE_KEEPS_LAST_ARENA))
  ) {
    unlinkArena(arena);
    return true;
  }

  if (nfree == 1) {
    const first = load<u32>(state, STATE_USABLE_ARENAS);
    store<u32>(arena, first, ARENA_NEXTARENA);
    store<u32>(arena, 0, ARENA_PREVARENA);
    if (first) store<u32>(first, arena, ARENA_PREVARENA);
    store<u32>(state, arena, STATE_USABLE_ARENAS);
    if (!load<u32>(last(1), STATE_NFP2LASTA)) store<u32>(last(1), arena, STATE_NFP2LASTA);
    return false;
  }

  if (!load<u32>(last(nfree), STATE_NFP2LASTA)) store<u32>(last(nfree), arena, STATE_NFP2LASTA);
  if (lastOfOld == arena) return false;

  unlinkArena(arena);
  const next = load<u32>(lastOfOld, ARENA_NEXTARENA);
  store<u32>(arena, lastOfOld, ARENA_PREVARENA);
  store<u32>(arena, next, ARENA_NEXTARENA);
  if (next) store<u32>(next, arena, ARENA_PREVARENA);
  store<u32>(lastOfOld, arena, ARENA_NEXTARENA);
  return false;
}

function unlinkArena(arena: u32): void {
  const next = load<u32>(arena, ARENA_NEXTARENA);
  const prev = load<u32>(arena, ARENA_PREVARENA);
  if (prev) store<u32>(prev, next, ARENA_NEXTARENA);
  else store<u32>(state, next, STATE_USABLE_ARENAS);
  if (next) store<u32>(next, prev, ARENA_PREVARENA);
}
