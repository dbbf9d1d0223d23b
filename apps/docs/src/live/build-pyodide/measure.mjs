/** What an allocator costs a program: the best of five runs of each, on an interpreter of its own. */
import { attach } from "@pyrena/pyodide";
import { loadPyodide } from "pyodide";

const program = `
for _ in range(5):
    data = {str(n): [n, n / 2] for n in range(2000)}
del data
`;

async function best(allocator) {
  const pyodide = await loadPyodide();
  if (allocator !== undefined) attach(pyodide).install({ allocator });
  const times = Array.from({ length: 5 }, () => {
    const begin = performance.now();
    pyodide.runPython(program);
    return performance.now() - begin;
  });
  return Math.min(...times);
}

const passOn = (next) => ({ ...next }); // changes nothing, but every call goes through JavaScript

const own = await best();
console.log(`pymalloc: ${((await best("pymalloc")) / own).toFixed(2)}`);
console.log(`passing on: ${((await best(passOn)) / own).toFixed(2)}`);
