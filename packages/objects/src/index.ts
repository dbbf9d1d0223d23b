/**
 * `@pyrena/objects`: CPython's objects on one linear memory.
 */
export { attachObjects, createObjects, type Objects } from "./objects.ts";
