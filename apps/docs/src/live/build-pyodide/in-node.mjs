/** Real CPython in Node, with Pyrena's pymalloc below it. */
import { MEM, OBJ } from "@pyrena/abi";
import { attach } from "@pyrena/pyodide";
import { formatBytes, takeSnapshot } from "@pyrena/stats";
import { loadPyodide } from "pyodide";

const pyodide = await loadPyodide();
const python = attach(pyodide);
const installation = python.install({ allocator: "pymalloc" });
console.log(`CPython ${python.python}: ${installation.name}, ${installation.state}`);

pyodide.runPython(`
rows = [{"n": n, "name": f"row {n}"} for n in range(20_000)]
names = [row["name"] for row in rows]
`);
look("20,000 rows");
pyodide.runPython("del rows; names = names[::500]");
look("all but 40 names gone");

/** The arenas, through the walker: the same that draws the maps of this site. */
function look(when) {
  python.memory.refresh();
  const { totals, fragmentation } = takeSnapshot(installation.walker);
  console.log(
    `${when}: ${totals.regions} arenas, ${formatBytes(totals.regionBytes)}; ` +
      `${formatBytes(totals.liveBytes)} in use; ${fragmentation.packedArenas} would do`,
  );
}

const calls = [MEM, OBJ].map((domain) => installation.requests(domain).malloc);
console.log(
  calls.every((count) => count > 1000) ? "both domains are served" : "something is amiss",
);

// New requests go elsewhere at once. Blocks that live stay valid until they are freed.
installation.uninstall();
console.log(`${installation.state}; ${pyodide.runPython("names[-1]")}`);
