import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { zstdCompressSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import { pyrena, sh } from "./pyrena.ts";
import { fragments, jsonTool, plainBytes, rewritten, temporaryFolder } from "./recordings.ts";

/** Write bytes to a file that is gone after the test. */
function file(name: string, bytes: Uint8Array | string): string {
  const path = join(temporaryFolder(), name);
  writeFileSync(path, bytes);
  return path;
}

/** How long it took differs from run to run. */
function withoutTime(text: string): string {
  return text.replace(/ in [\d.]+ m?s, /, " in (time), ");
}

describe("replay --verify", () => {
  it("finds every address of a recording exact", async () => {
    const { code, stdout, stderr } = await pyrena(["replay", jsonTool, "--verify"]);
    expect(withoutTime(stdout)).toMatchInlineSnapshot(`
      "Recording  CPython 3.13.0, lp64: python -m json.tool large.json
      Replayed   204887 events in (time), as cpython-3.13-lp64
      Arenas     4, 0 given back; 4.00 MiB at the peak
      Blocks     37365 at the peak (4.22 MiB), 6286 at the end (328 KiB)
      102450 of 102450 addresses exact
      "
    `);
    expect(stderr).toBe("");
    expect(code).toBe(0);
  });

  it("says in which order arenas went back", async () => {
    const { code, stdout } = await pyrena(["replay", "--verify", fragments]);
    expect(stdout).toMatch(
      /^(\d+) of \1 addresses exact; arenas given back in the recorded order$/m,
    );
    expect(code).toBe(0);
  });

  it("finds one changed address among a hundred thousand, and names it", async () => {
    let changed = 0;
    let record = 0;
    const bytes = await rewritten(jsonTool, (original) => {
      if (original.kind !== "malloc" || original.size !== 100 || ++changed !== 40) return original;
      record = original.number;
      return { ...original, result: original.result + 16 };
    });
    const path = file("tampered.pyrt", bytes);
    const { code, stdout } = await pyrena(["replay", path, "--verify"]);
    const [, exact, small] = /^(\d+) of (\d+) addresses exact$/m.exec(stdout) ?? [];
    expect(Number(small) - Number(exact)).toBeGreaterThan(0);
    expect(stdout).toContain(`first difference: record ${record}, `);
    expect(code).toBe(1);

    const json = await pyrena(["replay", path, "--json"]);
    const report = JSON.parse(json.stdout);
    expect(report.wrong).toBe(Number(small) - Number(exact));
    expect(report.firstDifference).toMatchObject({ record, op: "malloc", size: 100 });
    expect(Number(report.firstDifference.expected)).toBe(Number(report.firstDifference.got) + 16);
    expect(json.code).toBe(1);
  });

  it("explains that another version places blocks differently", async () => {
    const { code, stdout } = await pyrena(["replay", jsonTool, "--verify", "--profile", "3.8"]);
    expect(stdout).toMatch(/^\d+ of \d+ addresses exact$/m);
    expect(stdout).toContain(
      "the recording is of CPython 3.13.0, and cpython-3.8-lp64 places blocks differently",
    );
    expect(code).toBe(1);
  });

  it("explains that a recording which began late cannot be predicted", async () => {
    const bytes = await rewritten(
      jsonTool,
      (record) => (record.number < 20_000 ? undefined : record),
      { from: "attached" },
    );
    const { code, stdout } = await pyrena(["replay", file("late.pyrt", bytes), "--verify"]);
    const [, exact, small] = /^(\d+) of (\d+) addresses exact$/m.exec(stdout) ?? [];
    expect(Number(exact)).toBeLessThan(Number(small) / 2);
    expect(stdout).toContain("the recording began after the process had started");
    // What was freed had been allocated before the recording began.
    expect(stdout).toMatch(/skipped, of blocks that were not live: \d{3,} frees/);
    expect(code).toBe(1);
  });

  it("has not succeeded if there was nothing to compare", async () => {
    const text = plainBytes(jsonTool).toString("latin1");
    const header = /"pymalloc":\{[^}]*\}/.exec(text)?.[0] ?? "";
    const without = text.replace(header, '"pymalloc":null'.padEnd(header.length));
    const path = file("malloc.pyrt", Buffer.from(without, "latin1"));
    const { code, stdout } = await pyrena(["replay", path, "--verify"]);
    expect(stdout).toContain("nothing to verify: the recorded process ran without pymalloc\n");
    expect(code).toBe(2);
    expect((await pyrena(["replay", path])).code).toBe(0);
  });
});

describe("replay", () => {
  it("without --verify says nothing about addresses", async () => {
    const { code, stdout } = await pyrena(["replay", jsonTool]);
    expect(stdout).toMatch(/^Recording {2}CPython 3\.13\.0, lp64: python -m json\.tool /);
    expect(stdout).not.toContain("exact");
    expect(code).toBe(0);
  });

  it("can answer what another version would have needed", async () => {
    const { code, stdout } = await pyrena(["replay", jsonTool, "--profile", "3.8"]);
    expect(stdout).toContain(", as cpython-3.8-lp64\n");
    expect(code).toBe(0);
  });

  it("--json prints one object with every figure", async () => {
    const { code, stdout, stderr } = await pyrena(["replay", fragments, "--json"]);
    const report = JSON.parse(stdout);
    expect(report).toMatchObject({
      schema: "pyrena-replay",
      version: 1,
      trace: fragments,
      python: "3.9.18",
      profile: "cpython-3.9-lp64",
      verified: true,
      wrong: 0,
      firstDifference: null,
      arenasFreedInOrder: true,
      cutOff: false,
    });
    expect(report.small).toBeGreaterThan(30_000);
    expect(report.exact).toBe(report.small);
    expect(report.events).toBe(report.mallocs + report.callocs + report.reallocs + report.frees);
    expect(report.arenasLive).toBe(report.arenas - report.arenasFreed);
    expect(report.peakArenaBytes % 262_144).toBe(0);
    expect(stderr).toBe("");
    expect(code).toBe(0);
  });

  it("reads zstd, plain bytes, standard input and pipes, whatever the name", async () => {
    const plain = plainBytes(fragments);
    const zstd = file("recording", zstdCompressSync(plain));
    const runs = await Promise.all([
      pyrena(["replay", zstd, "--verify"]),
      pyrena(["replay", file("recording.zip", plain), "--verify"]),
      pyrena(["replay", "-", "--verify"], { input: readFileSync(fragments) }),
      sh(`cat '${fragments}' | $PYRENA replay /dev/stdin --verify`),
    ]);
    for (const { code, stdout } of runs) {
      expect(stdout).toMatch(/^(\d+) of \1 addresses exact/m);
      expect(code).toBe(0);
    }
  });

  it("uses a recording that is cut off, and says so", async () => {
    const plain = plainBytes(jsonTool);
    const cut = file("cut.pyrt", plain.subarray(0, plain.length >> 1));
    const gzipped = readFileSync(jsonTool);
    const cutGzip = file("cut.pyrt.gz", gzipped.subarray(0, gzipped.length >> 1));
    for (const path of [cut, cutGzip]) {
      const { code, stdout, stderr } = await pyrena(["replay", path, "--verify"]);
      expect(stdout).toMatch(/^(\d{5,}) of \1 addresses exact$/m);
      expect(stderr).toMatch(
        /^pyrena: .*: the recording is cut off; its \d{5,} complete records were used\n$/,
      );
      expect(code).toBe(0);
    }
  });

  it("leaves quietly when its reader does", async () => {
    const { stderr } = await sh(
      `{ $PYRENA replay '${jsonTool}'; echo "exit code $?" >&2; } | true`,
    );
    expect(stderr).toBe("exit code 0\n");
  });

  it("is coloured on demand only", async () => {
    const forced = await pyrena(["replay", fragments, "--verify"], { env: { FORCE_COLOR: "1" } });
    expect(forced.stdout).toContain("\u001b[32m");
    const both = { FORCE_COLOR: "1", NO_COLOR: "1" };
    const refused = await pyrena(["replay", fragments, "--verify"], { env: both });
    expect(refused.stdout).not.toContain("\u001b");
  });
});

describe("a trace that can't be read is told in one line, with exit code 2", () => {
  const cases: readonly [string, () => string, RegExp][] = [
    ["a file that is not there", () => "nothing.pyrt", /^nothing\.pyrt: no such file$/],
    ["a path through a file", () => `${jsonTool}/x`, /: a part of the path is not a directory$/],
    ["a directory", temporaryFolder, /: is a directory, not a trace$/],
    ["an empty file", () => file("empty", ""), /: the trace is empty \(at byte 0, record 0\)$/],
    [
      "a file of another kind",
      () => file("text", "Hello, world"),
      /: not a Pyrena trace: it does not begin with "PYRTRACE" \(at byte 0, record 0\)$/,
    ],
    [
      "a newer version of the format",
      () => {
        const bytes = plainBytes(jsonTool);
        bytes[8] = 2;
        return file("newer", bytes);
      },
      /: format version 2 is newer than this reader/,
    ],
    [
      "damage in the middle",
      () => {
        const bytes = plainBytes(jsonTool);
        bytes.fill(0xff, bytes.length >> 1, (bytes.length >> 1) + 12);
        return file("damaged", bytes);
      },
      / \(at byte 4\d{5}, record \d{4,}\)$/,
    ],
    [
      "damage in the compressed data",
      () => {
        const bytes = readFileSync(jsonTool);
        // A deflate block of type 3, which there is not.
        bytes.fill(0xff, 10, 20);
        return file("damaged.gz", bytes);
      },
      /: the gzip data is damaged: .* \(at byte \d+, record \d+\)$/,
    ],
    [
      "an interpreter without a profile",
      () => {
        const text = plainBytes(jsonTool).toString("latin1");
        return file("old", Buffer.from(text.replace('"3.13.0"', '"2.7.18"'), "latin1"));
      },
      /: no profile of Python '2\.7\.18' on 'lp64': known are 3\.8, .*; choose one with --profile$/,
    ],
    [
      "an interpreter that was built differently",
      () => {
        const text = plainBytes(jsonTool).toString("latin1");
        return file(
          "built",
          Buffer.from(text.replace('"poolBytes":16384', '"poolBytes":32768'), "latin1"),
        );
      },
      /the recorded interpreter was built differently; choose one with --profile to replay it/,
    ],
  ];

  it.each(cases)("%s", async (_, make, message) => {
    const { code, stdout, stderr } = await pyrena(["replay", make(), "--verify"]);
    expect(stderr).toMatch(/^pyrena: [^\n]+\n$/);
    expect(stderr.slice("pyrena: ".length, -1)).toMatch(message);
    expect(stdout).toBe("");
    expect(code).toBe(2);
  });

  it("a profile that does not exist", async () => {
    const { code, stderr } = await pyrena(["replay", jsonTool, "--profile", "2.7"]);
    expect(stderr).toMatch(
      /^pyrena: --profile 2\.7: no profile of Python '2\.7' .*known are 3\.8, /,
    );
    expect(code).toBe(2);
  });
});
