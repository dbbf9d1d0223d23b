/** How the states of a program are told in words. */
import type { Phase, PlaygroundListener } from "../client.ts";
import type { SeenMoment } from "./moments.ts";
import { filled, type Texts } from "./texts.ts";

type Outcome = Parameters<NonNullable<PlaygroundListener["ended"]>>[0];

/** What the program is doing. @param line where it stands */
export function phaseText(texts: Texts, phase: Phase, line: number): string {
  switch (phase) {
    case "idle":
      return texts.stateIdle;
    case "starting":
      return texts.stateStarting;
    case "running":
      return texts.stateRunning;
    case "replaying":
      return texts.stateReplaying;
    case "asking":
      return texts.stateAsking;
    case "paused":
      return line === 0 ? texts.statePaused : filled(texts.statePausedAt, { line });
    case "stopping":
      return texts.stateStopping;
    case "ended":
      // How it ended is said beside it.
      return "";
  }
}

/** How a program ended. */
export function outcomeText(texts: Texts, outcome: Outcome, milliseconds: number): string {
  const time = `(${(milliseconds / 1000).toFixed(2)} s)`;
  switch (outcome.kind) {
    case "finished":
      return `${texts.endedFinished} ${outcome.exitCode} ${time}`;
    case "raised":
      return `${texts.endedRaised} ${outcome.raised.name} ${time}`;
    case "crashed":
      return `${texts.endedCrashed} ${outcome.message}`;
    case "stopped":
      return `${texts.endedStopped} ${time}`;
  }
}

/** Where a moment lies. */
export function momentText(texts: Texts, moment: SeenMoment): string {
  const { at, name, line, clock, frame } = moment;
  const time = `${Math.round(frame.get("time"))} ms`;
  if (name !== undefined) return `${name}, ${time}`;
  if (at === "start") return texts.momentStart;
  if (at === "end") return `${texts.momentEnd}, ${time}`;
  const { lines, allocations } = clock;
  const text =
    lines === 0
      ? texts.momentAllocationOnly
      : allocations === 0
        ? texts.momentLine
        : texts.momentAllocation;
  return `${filled(text, { line, lines, allocations })}, ${time}`;
}
