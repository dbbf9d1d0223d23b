/**
 * PyTypeObject and PyHeapTypeObject as CPython lays them out (`Include/cpython/object.h`), placed for both data
 * models. Where CPython has pointers to functions, Pyrena uses two of the words: `tp_dealloc` holds the number of the
 * type's slots, `tp_traverse` the address of its layout program.
 */
import { defineStruct, layoutOf, type StructDefinition, type StructLayout } from "@pyrena/abi";
import type { Core } from "./core.ts";

/** `PyTypeObject`; 3.12 added `tp_watched`, 3.13 `tp_versions_used`, both in what was padding. */
export const typeStruct: StructDefinition<TypeField> = defineStruct("PyTypeObject", {
  ob_refcnt: "size",
  ob_type: "ptr",
  ob_size: "size",
  tp_name: {
    type: "ptr",
    help: "static types: NUL-terminated in static data; classes: 0, see ht_name",
  },
  tp_basicsize: "size",
  tp_itemsize: "size",
  tp_dealloc: { type: "ptr", help: "number of the type's slots" },
  tp_vectorcall_offset: "size",
  tp_getattr: "ptr",
  tp_setattr: "ptr",
  tp_as_async: "ptr",
  tp_repr: "ptr",
  tp_as_number: "ptr",
  tp_as_sequence: "ptr",
  tp_as_mapping: "ptr",
  tp_hash: "ptr",
  tp_call: "ptr",
  tp_str: "ptr",
  tp_getattro: "ptr",
  tp_setattro: "ptr",
  tp_as_buffer: "ptr",
  tp_flags: "size",
  tp_doc: "ptr",
  tp_traverse: { type: "ptr", help: "layout program, or 0" },
  tp_clear: "ptr",
  tp_richcompare: "ptr",
  tp_weaklistoffset: "size",
  tp_iter: "ptr",
  tp_iternext: "ptr",
  tp_methods: "ptr",
  tp_members: "ptr",
  tp_getset: "ptr",
  tp_base: { type: "ptr", help: "owned by classes" },
  tp_dict: { type: "ptr", help: "owned; 0 for static types" },
  tp_descr_get: "ptr",
  tp_descr_set: "ptr",
  tp_dictoffset: "size",
  tp_init: "ptr",
  tp_alloc: "ptr",
  tp_new: "ptr",
  tp_free: "ptr",
  tp_is_gc: "ptr",
  tp_bases: { type: "ptr", help: "tuple, owned" },
  tp_mro: { type: "ptr", help: "tuple, owned; 0 for static types: along tp_base" },
  tp_cache: "ptr",
  tp_subclasses: { type: "ptr", help: "dict of weak references, owned" },
  tp_weaklist: { type: "ptr", help: "weak references to the type" },
  tp_del: "ptr",
  tp_version_tag: "u32",
  tp_finalize: "ptr",
  tp_vectorcall: "ptr",
  tp_watched: "u8",
  tp_versions_used: "u16",
});

type TypeField =
  | "ob_refcnt"
  | "ob_type"
  | "ob_size"
  | "tp_name"
  | "tp_basicsize"
  | "tp_itemsize"
  | "tp_dealloc"
  | "tp_vectorcall_offset"
  | "tp_getattr"
  | "tp_setattr"
  | "tp_as_async"
  | "tp_repr"
  | "tp_as_number"
  | "tp_as_sequence"
  | "tp_as_mapping"
  | "tp_hash"
  | "tp_call"
  | "tp_str"
  | "tp_getattro"
  | "tp_setattro"
  | "tp_as_buffer"
  | "tp_flags"
  | "tp_doc"
  | "tp_traverse"
  | "tp_clear"
  | "tp_richcompare"
  | "tp_weaklistoffset"
  | "tp_iter"
  | "tp_iternext"
  | "tp_methods"
  | "tp_members"
  | "tp_getset"
  | "tp_base"
  | "tp_dict"
  | "tp_descr_get"
  | "tp_descr_set"
  | "tp_dictoffset"
  | "tp_init"
  | "tp_alloc"
  | "tp_new"
  | "tp_free"
  | "tp_is_gc"
  | "tp_bases"
  | "tp_mro"
  | "tp_cache"
  | "tp_subclasses"
  | "tp_weaklist"
  | "tp_del"
  | "tp_version_tag"
  | "tp_finalize"
  | "tp_vectorcall"
  | "tp_watched"
  | "tp_versions_used";

/** PyTypeObject placed for a core's data model. */
export function typeLayout(core: Pick<Core, "profile">): StructLayout<TypeField> {
  return layoutOf(typeStruct, core.profile.abi);
}
