/**
 * How a structure in linear memory is declared: once, as data, for both ABIs. Layers take their constant offsets from
 * here, tests compare them with the drawing in the source and with CPython, the docs draw them.
 *
 * Fields follow C's rules: each at the next multiple of its own alignment, the whole rounded up to the largest.
 */
import type { Abi } from "./abi.ts";

/** Type of a field. `ptr` and `size` are as wide as the ABI's pointer. */
export type FieldType = "u8" | "u16" | "u32" | "i32" | "u64" | "f64" | "ptr" | "size";

/** A field: its type, or type, element count and meaning. */
export type FieldSpec =
  | FieldType
  | { readonly type: FieldType; readonly count?: number; readonly help?: string };

/** A structure, independent of the ABI. */
export interface StructDefinition<Field extends string = string> {
  readonly name: string;
  readonly fields: { readonly [name in Field]: FieldSpec };
}

/** One field placed. */
export interface PlacedField {
  readonly name: string;
  readonly type: FieldType;
  readonly count: number;
  /** Bytes from the start of the structure. */
  readonly offset: number;
  /** Bytes of the whole field. */
  readonly bytes: number;
  readonly help: string;
}

/** A structure placed for one ABI. */
export interface StructLayout<Field extends string = string> {
  readonly name: string;
  readonly abi: Abi;
  /** Size in bytes, padding included. */
  readonly bytes: number;
  /** Alignment in bytes. */
  readonly alignment: number;
  /** Offset of each field, in bytes. */
  readonly at: { readonly [name in Field]: number };
  readonly fields: readonly PlacedField[];
}

/** Declare a structure. Field order is memory order. */
export function defineStruct<const Field extends string>(
  name: string,
  fields: { readonly [name in Field]: FieldSpec },
): StructDefinition<Field> {
  return Object.freeze({ name, fields: Object.freeze({ ...fields }) });
}

/** Width of a field type, in bytes. */
export function fieldBytes(type: FieldType, abi: Abi): number {
  switch (type) {
    case "u8":
      return 1;
    case "u16":
      return 2;
    case "u32":
    case "i32":
      return 4;
    case "u64":
    case "f64":
      return 8;
    case "ptr":
    case "size":
      return abi.pointerBytes;
  }
}

/**
 * Place the fields of a structure for one ABI.
 *
 * What is a multiple of a power of two is found bit by bit: engines keep such a result as a small integer. `alignUp`,
 * which must work beyond 2^31, gives boxed numbers once it is compiled, and all sums with an offset that is one are
 * made in floating point.
 */
export function layoutOf<Field extends string>(
  definition: StructDefinition<Field>,
  abi: Abi,
): StructLayout<Field> {
  const at = {} as Record<Field, number>;
  const placed: PlacedField[] = [];
  let offset = 0;
  let alignment = 1;
  for (const name of Object.keys(definition.fields) as Field[]) {
    const spec = definition.fields[name];
    const { type, count = 1, help = "" } = typeof spec === "string" ? { type: spec } : spec;
    const width = fieldBytes(type, abi);
    offset = (offset + width - 1) & -width;
    alignment = Math.max(alignment, width);
    at[name] = offset;
    placed.push({ name, type, count, offset, bytes: width * count, help });
    offset += width * count;
  }
  return Object.freeze({
    name: definition.name,
    abi,
    bytes: (offset + alignment - 1) & -alignment,
    alignment,
    at: Object.freeze(at),
    fields: Object.freeze(placed),
  });
}

/** A drawing of the layout as text, one field a line: offset, bytes, name, meaning; padding is shown. */
export function drawLayout(layout: StructLayout): string {
  const rows: string[] = [`${layout.name}, ${layout.abi.name}: ${layout.bytes} bytes`];
  let end = 0;
  const row = (offset: number, bytes: number, text: string): void => {
    rows.push(`${String(offset).padStart(6)} ${String(bytes).padStart(5)}  ${text}`.trimEnd());
  };
  for (const field of layout.fields) {
    if (field.offset > end) row(end, field.offset - end, "(padding)");
    const type = field.count === 1 ? field.type : `${field.type}[${field.count}]`;
    row(field.offset, field.bytes, `${type.padEnd(7)} ${field.name.padEnd(16)} ${field.help}`);
    end = field.offset + field.bytes;
  }
  if (layout.bytes > end) row(end, layout.bytes - end, "(padding)");
  return rows.join("\n");
}
