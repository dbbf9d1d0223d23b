/** Answers of the objects page. */
import type { Answers } from "../shared/Exercise.tsx";
import { ObjectLab } from "./model.ts";

export const answers: Answers = {
  /** a, b = a, box.append(a) twice: the count. */
  count: () => {
    const lab = new ObjectLab();
    lab.bind();
    lab.box();
    lab.box();
    return lab.refcount;
  },
  /** sys.getsizeof([1, 2]) */
  sizeof: () => new ObjectLab("3.13", "[1, 2]").sizeof,
  /** Bytes before a list's address. */
  head: () => new ObjectLab("3.13", "[1, 2]").bytes().origin,
};
