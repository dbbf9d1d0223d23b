/**
 * What the module imports besides memory and table: where its state lies, and the TypeScript code for what is seldom
 * done. AssemblyScript.
 */

/** Address of pymalloc's state (state.ts). */
@external("pymalloc", "state")
export declare const state: u32;

/** Entries of the address map. */
@external("pymalloc", "address_map_slots")
export declare const addressMapSlots: u32;

/** Address of the engine's own state (engine-state.ts). */
@external("pymalloc", "engine")
export declare const engine: u32;

/**
 * Obtain an arena and make it usable. No arena is usable now.
 * 1 if there is one now, 0 if there is no room, -1 if an exception was thrown and reported
 */
@external("pymalloc", "obtain_arena")
export declare function obtainArena(domain: u32): i32;

/** Give an arena back that is in no list, by the address of its record. */
@external("pymalloc", "release_arena")
export declare function releaseArena(domain: u32, arena: u32): void;

/** Enter a block into the record, for which it has no page yet. */
@external("pymalloc", "record_block")
export declare function recordBlock(address: u32): void;

/** Take a block out of the record that is not in a page. 1 if it was there. */
@external("pymalloc", "forget_block")
export declare function forgetBlock(address: u32): i32;

// Whole calls: once they have been handed over, and what is an error.

@external("pymalloc", "malloc")
export declare function hostMalloc(domain: u32, size: u32): u32;

@external("pymalloc", "calloc")
export declare function hostCalloc(domain: u32, nelem: u32, elsize: u32): u32;

@external("pymalloc", "realloc")
export declare function hostRealloc(domain: u32, ptr: u32, newSize: u32): u32;

@external("pymalloc", "free")
export declare function hostFree(domain: u32, ptr: u32): void;
