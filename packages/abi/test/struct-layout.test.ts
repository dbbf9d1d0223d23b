/** Offsets written down by hand from the fact sheet, which took them from a C compiler. */
import {
  type Abi,
  defineStruct,
  drawLayout,
  type FieldType,
  fieldBytes,
  ilp32,
  layoutOf,
  lp64,
  type StructDefinition,
} from "@pyrena/abi";
import fc from "fast-check";
import { describe, expect, it } from "vitest";

/** The structs of CPython that Pyrena has to match, and where their fields lie: lp64 and ilp32. */
const known: readonly [
  StructDefinition,
  lp64: Record<string, number>,
  bytes: number,
  ilp32: Record<string, number>,
  bytes: number,
][] = [
  [
    defineStruct("arena_object", {
      address: "ptr",
      poolAddress: "ptr",
      nfreepools: "u32",
      ntotalpools: "u32",
      freepools: "ptr",
      nextarena: "ptr",
      prevarena: "ptr",
    }),
    {
      address: 0,
      poolAddress: 8,
      nfreepools: 16,
      ntotalpools: 20,
      freepools: 24,
      nextarena: 32,
      prevarena: 40,
    },
    48,
    {
      address: 0,
      poolAddress: 4,
      nfreepools: 8,
      ntotalpools: 12,
      freepools: 16,
      nextarena: 20,
      prevarena: 24,
    },
    28,
  ],
  [
    // The count is in a union with a pointer: 4 bytes of padding in lp64.
    defineStruct("pool_header", {
      count: "u32",
      freeblock: "ptr",
      nextpool: "ptr",
      prevpool: "ptr",
      arenaindex: "u32",
      szidx: "u32",
      nextoffset: "u32",
      maxnextoffset: "u32",
    }),
    {
      count: 0,
      freeblock: 8,
      nextpool: 16,
      prevpool: 24,
      arenaindex: 32,
      szidx: 36,
      nextoffset: 40,
      maxnextoffset: 44,
    },
    48,
    {
      count: 0,
      freeblock: 4,
      nextpool: 8,
      prevpool: 12,
      arenaindex: 16,
      szidx: 20,
      nextoffset: 24,
      maxnextoffset: 28,
    },
    32,
  ],
  [
    defineStruct("PyMemAllocatorEx", {
      ctx: "ptr",
      malloc: "ptr",
      calloc: "ptr",
      realloc: "ptr",
      free: "ptr",
    }),
    { ctx: 0, malloc: 8, calloc: 16, realloc: 24, free: 32 },
    40,
    { ctx: 0, malloc: 4, calloc: 8, realloc: 12, free: 16 },
    20,
  ],
  [
    defineStruct("PyObjectArenaAllocator", { ctx: "ptr", alloc: "ptr", free: "ptr" }),
    { ctx: 0, alloc: 8, free: 16 },
    24,
    { ctx: 0, alloc: 4, free: 8 },
    12,
  ],
  [
    defineStruct("PyVarObject", { refcnt: "size", type: "ptr", size: "size" }),
    { refcnt: 0, type: 8, size: 16 },
    24,
    { refcnt: 0, type: 4, size: 8 },
    12,
  ],
];

describe.each(known)("%o", (definition, wide, wideBytes, narrow, narrowBytes) => {
  it(`${definition.name} has CPython's offsets in both ABIs`, () => {
    const lp = layoutOf(definition, lp64);
    expect(lp.at).toEqual(wide);
    expect(lp.bytes).toBe(wideBytes);
    expect(lp.alignment).toBe(8);
    const il = layoutOf(definition, ilp32);
    expect(il.at).toEqual(narrow);
    expect(il.bytes).toBe(narrowBytes);
    expect(il.alignment).toBe(4);
  });
});

describe("a layout", () => {
  it("pads each field to its own width, and the whole to the widest", () => {
    const mixed = defineStruct("mixed", {
      a: "u8",
      b: "u16",
      c: "u8",
      d: "u64",
      e: { type: "u8", count: 3 },
      f: { type: "ptr", count: 2, help: "two of them" },
      g: "u8",
    });
    expect(layoutOf(mixed, lp64).at).toEqual({ a: 0, b: 2, c: 4, d: 8, e: 16, f: 24, g: 40 });
    expect(layoutOf(mixed, lp64).bytes).toBe(48);
    expect(layoutOf(mixed, ilp32).at).toEqual({ a: 0, b: 2, c: 4, d: 8, e: 16, f: 20, g: 28 });
    expect(layoutOf(mixed, ilp32).bytes).toBe(32);
  });

  it("lists the placed fields with count, bytes and help", () => {
    const layout = layoutOf(
      defineStruct("pair", { head: "u8", links: { type: "ptr", count: 2, help: "both" } }),
      ilp32,
    );
    expect(layout.fields).toEqual([
      { name: "head", type: "u8", count: 1, offset: 0, bytes: 1, help: "" },
      { name: "links", type: "ptr", count: 2, offset: 4, bytes: 8, help: "both" },
    ]);
  });

  it("is frozen, and so is its definition", () => {
    const definition = defineStruct("one", { only: "u8" });
    for (const value of [
      definition,
      definition.fields,
      layoutOf(definition, lp64),
      layoutOf(definition, lp64).at,
    ])
      expect(Object.isFrozen(value)).toBe(true);
  });

  it("of any fields is aligned, without overlap, and as short as the rules allow", () => {
    const type = fc.constantFrom<FieldType>("u8", "u16", "u32", "i32", "u64", "f64", "ptr", "size");
    const fields = fc.array(fc.record({ type, count: fc.integer({ min: 1, max: 5 }) }), {
      minLength: 1,
      maxLength: 10,
    });
    fc.assert(
      fc.property(fields, fc.constantFrom<Abi>(lp64, ilp32), (specs, abi) => {
        const layout = layoutOf(
          defineStruct("any", Object.fromEntries(specs.map((spec, n) => [`f${n}`, spec]))),
          abi,
        );
        let end = 0;
        for (const { offset, bytes, type: of, count } of layout.fields) {
          const width = fieldBytes(of, abi);
          expect(offset % width).toBe(0);
          expect(offset).toBeGreaterThanOrEqual(end);
          expect(offset - end).toBeLessThan(width);
          expect(bytes).toBe(width * count);
          end = offset + bytes;
        }
        expect(layout.bytes % layout.alignment).toBe(0);
        expect(layout.bytes - end).toBeGreaterThanOrEqual(0);
        expect(layout.bytes - end).toBeLessThan(layout.alignment);
      }),
    );
  });
});

describe("the width of a field", () => {
  it("depends on the ABI for pointers and sizes only", () => {
    const widths = (abi: Abi): number[] =>
      (["u8", "u16", "u32", "i32", "u64", "f64", "ptr", "size"] as const).map((type) =>
        fieldBytes(type, abi),
      );
    expect(widths(lp64)).toEqual([1, 2, 4, 4, 8, 8, 8, 8]);
    expect(widths(ilp32)).toEqual([1, 2, 4, 4, 8, 8, 4, 4]);
  });
});

describe("a drawing", () => {
  it("shows each field with its place, its help, and padding where there is some", () => {
    const drawn = drawLayout(
      layoutOf(
        defineStruct("pool_header", {
          count: { type: "u32", help: "live blocks" },
          freeblock: { type: "ptr", help: "head of the free list" },
          links: { type: "ptr", count: 2 },
          last: "u8",
        }),
        lp64,
      ),
    );
    expect(drawn.split("\n")).toEqual([
      "pool_header, lp64: 40 bytes",
      "     0     4  u32     count            live blocks",
      "     4     4  (padding)",
      "     8     8  ptr     freeblock        head of the free list",
      "    16    16  ptr[2]  links",
      "    32     1  u8      last",
      "    33     7  (padding)",
    ]);
  });
});
