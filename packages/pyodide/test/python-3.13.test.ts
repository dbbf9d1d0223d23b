import { loadPyodide } from "pyodide-3.13";
import { battery } from "./battery.ts";

battery("3.13", () => loadPyodide());
