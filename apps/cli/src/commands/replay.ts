/** `pyrena replay`: replay a recording through Pyrena's allocators, and check its addresses. */
import { Command } from "commander";

/** The command. */
export function replayCommand(): Command {
  return new Command("replay");
}
