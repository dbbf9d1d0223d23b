/** The built-in exceptions and what they hold beside BaseException's fields, as CPython 3.11 to 3.15 have them. */
import type { ExceptionName } from "../api/exceptions.ts";
import type { ObjectFacts } from "../facts.ts";

/** Name and base, bases first. Exception groups are left out: they derive from two. */
export function exceptionTree(
  facts: ObjectFacts,
): readonly (readonly [name: ExceptionName, base: ExceptionName | undefined])[] {
  const under = (
    base: ExceptionName,
    ...names: readonly ExceptionName[]
  ): (readonly [ExceptionName, ExceptionName])[] => names.map((name) => [name, base] as const);
  return [
    ["BaseException", undefined],
    ...under("BaseException", "Exception", "GeneratorExit", "KeyboardInterrupt", "SystemExit"),
    ...under("Exception", "ArithmeticError", "AssertionError", "AttributeError", "BufferError"),
    ...under("Exception", "EOFError", "ImportError", "LookupError", "MemoryError", "NameError"),
    ...under("Exception", "OSError", "ReferenceError", "RuntimeError", "StopAsyncIteration"),
    ...under("Exception", "StopIteration", "SyntaxError", "SystemError", "TypeError"),
    ...under("Exception", "ValueError", "Warning"),
    ...under("ArithmeticError", "FloatingPointError", "OverflowError", "ZeroDivisionError"),
    ...under("ImportError", "ModuleNotFoundError"),
    ...under("LookupError", "IndexError", "KeyError"),
    ...under("NameError", "UnboundLocalError"),
    ...under("OSError", "BlockingIOError", "ChildProcessError", "ConnectionError"),
    ...under("ConnectionError", "BrokenPipeError", "ConnectionAbortedError"),
    ...under("ConnectionError", "ConnectionRefusedError", "ConnectionResetError"),
    ...under("OSError", "FileExistsError", "FileNotFoundError", "InterruptedError"),
    ...under("OSError", "IsADirectoryError", "NotADirectoryError", "PermissionError"),
    ...under("OSError", "ProcessLookupError", "TimeoutError"),
    ...under("RuntimeError", "NotImplementedError", "RecursionError"),
    ...(facts.hasFinalizationError ? under("RuntimeError", "PythonFinalizationError") : []),
    ...under("SyntaxError", "IndentationError"),
    ...under("IndentationError", "TabError"),
    ...under("ValueError", "UnicodeError"),
    ...under("UnicodeError", "UnicodeDecodeError", "UnicodeEncodeError", "UnicodeTranslateError"),
    ...under("Warning", "BytesWarning", "DeprecationWarning", "EncodingWarning", "FutureWarning"),
    ...under("Warning", "ImportWarning", "PendingDeprecationWarning", "ResourceWarning"),
    ...under("Warning", "RuntimeWarning", "SyntaxWarning", "UnicodeWarning", "UserWarning"),
  ];
}

/** Fields that a type adds to its base's, in order; each is a word: a reference, or after `#` a size. */
export function exceptionFields(name: ExceptionName, facts: ObjectFacts): readonly string[] {
  switch (name) {
    case "StopIteration":
      return ["value"];
    case "SystemExit":
      return ["code"];
    case "NameError":
      return ["name"];
    case "AttributeError":
      return ["obj", "name"];
    case "ImportError":
      return ["msg", "name", "path", ...(facts.importErrorHasNameFrom ? ["name_from"] : [])];
    case "OSError":
      return ["errno", "strerror", "filename", "filename2", "#written"];
    case "SyntaxError":
      return [
        "msg",
        "filename",
        "lineno",
        "offset",
        "end_lineno",
        "end_offset",
        "text",
        "print_file_and_line",
        ...(facts.syntaxErrorHasMetadata ? ["metadata"] : []),
      ];
    case "UnicodeDecodeError":
    case "UnicodeEncodeError":
    case "UnicodeTranslateError":
      return ["encoding", "object", "#start", "#end", "reason"];
    default:
      return [];
  }
}
