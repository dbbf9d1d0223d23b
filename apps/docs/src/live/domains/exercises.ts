/** Answers of the domains page. */
import type { Answers } from "../shared/Exercise.tsx";
import { runLoad } from "./model.ts";

export const answers: Answers = {
  /** Calls of realloc in MEM while a list grows to 10,000 by append. */
  growth: () => runLoad("a list that grows to 10,000").calls[1].realloc,
  /** Calls of malloc in OBJ for 1,000 floats. */
  floats: () => runLoad("1,000 floats").calls[2].malloc,
};
