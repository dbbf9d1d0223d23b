/** `@pyrena/debug`: wrappers around any allocator that find mistakes of the code which uses it. */
export {
  attachCounter,
  type CountedBlock,
  type Counter,
  type CounterContext,
  type CounterOptions,
  counterState,
  createCounter,
} from "./count.ts";
export {
  createDebugHooks,
  type DebugContext,
  type DebugHooks,
  type DebugHooksOptions,
} from "./debug-hooks.ts";
export {
  attachFaultInjector,
  createFaultInjector,
  type FaultInjector,
  type FaultInjectorContext,
} from "./fault-injection.ts";
export {
  CLEANBYTE,
  DEADBYTE,
  type FenceLayout,
  FORBIDDENBYTE,
  fenceLayout,
} from "./fence-layout.ts";
export { type DamageKind, DebugHookError, type DebugReport, type PadReport } from "./report.ts";
export { attachSerialCounter, createSerialCounter } from "./serial-numbers.ts";
