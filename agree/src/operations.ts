/**
 * Operations on one variable: their names and how Python spells them. `$0` is the variable, `$1` … the arguments, `$n`
 * the attribute's name, which follows the operation's name after a colon (`setattr:u`).
 */

/** How an operation reads in Python. */
export const SPELLING: Readonly<Record<string, string>> = {
  append: "$0.append($1)",
  insert: "$0.insert($1, $2)",
  extend: "$0.extend($1)",
  pop: "$0.pop()",
  popAt: "$0.pop($1)",
  getitem: "$0[$1]",
  setitem: "$0[$1] = $2",
  delitem: "del $0[$1]",
  getslice: "$0[$1:$2:$3]",
  setslice: "$0[$1:$2] = $3",
  delslice: "del $0[$1:$2:$3]",
  clear: "$0.clear()",
  reverse: "$0.reverse()",
  concat: "$0 + $1",
  inplaceConcat: "$0 += $1",
  repeat: "$0 * $1",
  inplaceRepeat: "$0 *= $1",
  subtract: "$0 - $1",
  multiply: "$0 * $1",
  shift: "$0 << $1",
  negate: "-$0",
  add: "$0.add($1)",
  discard: "$0.discard($1)",
  remove: "$0.remove($1)",
  union: "$0 | $1",
  intersection: "$0 & $1",
  difference: "$0 - $1",
  symmetric: "$0 ^ $1",
  update: "$0.update($1)",
  get: "$0.get($1)",
  setdefault: "$0.setdefault($1, $2)",
  dictPop: "$0.pop($1)",
  popitem: "$0.popitem()",
  merge: "$0 | $1",
  copyMethod: "$0.copy()",
  count: "$0.count($1)",
  index: "$0.index($1)",
  removeItem: "$0.remove($1)",
  sort: "$0.sort()",
  popMember: "$0.pop()",
  fromKeys: "dict.fromkeys($0, $1)",
  toList: "list($0)",
  toTuple: "tuple($0)",
  toSet: "set($0)",
  toFrozenset: "frozenset($0)",
  toDict: "dict($0)",
  toBytes: "bytes($0)",
  toBytearray: "bytearray($0)",
  copy: "copy($0)",
  deepcopy: "deepcopy($0)",
  getattr: "$0.$n",
  setattr: "$0.$n = $1",
  delattr: "del $0.$n",
  bind: "$0.m",
  instanceDict: "$0.__dict__",
  setInstanceDict: "$0.__dict__ = $1",
  call: "$0()",
};

/** Operations that are statements in Python: they have no result. */
export const STATEMENT_OPERATIONS: ReadonlySet<string> = new Set([
  "setitem",
  "delitem",
  "setslice",
  "delslice",
  "inplaceConcat",
  "inplaceRepeat",
  "setattr",
  "setInstanceDict",
  "delattr",
]);

/** The operation's name without the attribute, and the attribute's. */
export function splitOperation(op: string): { name: string; attribute: string } {
  const colon = op.indexOf(":");
  return colon < 0
    ? { name: op, attribute: "" }
    : { name: op.slice(0, colon), attribute: op.slice(colon + 1) };
}
