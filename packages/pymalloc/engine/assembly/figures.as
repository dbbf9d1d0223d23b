/** The figures that the engine keeps (engine-state.ts). AssemblyScript. */
import { engine } from "./host";
import { ENGINE_PASSED_ON, ENGINE_POOLED, ENGINE_REQUESTS, REQUEST_COUNTERS, THRESHOLD } from "./layout";

/** Offsets in a domain's counters, in bytes. */
export const MALLOC: usize = 0;
export const CALLOC: usize = 8;
export const REALLOC: usize = 16;
export const FREE: usize = 24;
export const FAILED: usize = 32;
export const FOREIGN: usize = 40;

@inline
function add(at: usize, by: f64): void {
  store<f64>(at, load<f64>(at) + by);
}

/** Add to a figure that has its own peak right behind it. */
@inline
function gauge(at: usize, by: f64): void {
  const now = load<f64>(at) + by;
  store<f64>(at, now);
  if (now > load<f64>(at, 8)) store<f64>(at, now, 8);
}

@inline
export function count(domain: u32, counter: usize): void {
  add(engine + ENGINE_REQUESTS + domain * (REQUEST_COUNTERS * 8) + counter, 1);
}

/** Blocks of pools have come or gone. */
@inline
export function pooled(bytes: i32): void {
  gauge(engine + ENGINE_POOLED, <f64>bytes);
}

/** A request was passed on. */
export function asked(size: f64): void {
  if (size <= <f64>THRESHOLD) return;
  const at = engine + ENGINE_PASSED_ON;
  add(at, 1);
  add(at + 8, size);
  if (size > load<f64>(at, 16)) store<f64>(at, size, 16);
}
