import { loadPyodide } from "pyodide-3.12";
import { battery } from "./battery.ts";

battery("3.12", () => loadPyodide());
