import { loadPyodide } from "pyodide-3.15";
import { battery } from "./battery.ts";

battery("3.15", () => loadPyodide());
