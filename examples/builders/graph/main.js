/**
 * A graph of people, used from the main thread.
 *
 *     node graph/main.js people.graph
 */
import assert from "node:assert/strict";
import { rmSync } from "node:fs";
import { GraphDatabase } from "./client.js";

const PEOPLE = 2000;
const file = process.argv[2] ?? "people.graph";
rmSync(file, { force: true });

const graph = await GraphDatabase.open(file);
const added = Array.from({ length: PEOPLE }, (_, n) =>
  graph.ask("add", "Person", { name: `person ${n}`, town: `town ${n % 20}` }),
);
await added[0];
console.log(`while it loads: ${graph.counts().nodes} nodes`);
const people = await Promise.all(added);
// Everybody knows the next one, and somebody further away.
await Promise.all(
  people.flatMap((id, n) => [
    graph.ask("connect", id, "KNOWS", people[(n + 1) % PEOPLE]),
    graph.ask("connect", id, "KNOWS", people[(7 * n + 3) % PEOPLE]),
  ]),
);
console.log("loaded:", graph.counts());

const [ann, bob] = [people[0], people[1234]];
const path = await graph.ask("path", ann, "KNOWS", bob);
console.log(`from ${ann} to ${bob}: ${path.join(" → ")}`);
const inTown = await graph.ask("find", "Person", { town: "town 7" });
console.log(
  `${inTown.length} live in town 7, the first of them:`,
  await graph.ask("get", inTown[0]),
);
await assert.rejects(graph.ask("get", 999_999), /there is no node 999999/);

// What is deleted is in cycles. The collector, which runs by itself every now and then, has not yet found all of it.
await graph.ask("collect");
for (const id of inTown) await graph.ask("remove", id);
console.log("town 7 removed:", graph.counts(), "in memory:", await graph.ask("census"));
const found = await graph.ask("collect");
const census = await graph.ask("census");
console.log(`collected ${found} objects, in memory:`, census);
assert.deepEqual([census.Node, census.Edge], [graph.counts().nodes, graph.counts().edges]);

await graph.ask("save");
const before = graph.counts();
const way = await graph.ask("path", ann, "KNOWS", bob);
await graph.close();

// Another worker, another memory, the same graph.
const again = await GraphDatabase.open(file);
console.log("restored:", again.counts());
assert.equal(again.counts().nodes, before.nodes);
assert.deepEqual(await again.ask("path", ann, "KNOWS", bob), way);
const newcomer = await again.ask("add", "Person", { name: "newcomer", town: "town 7" });
await again.ask("connect", bob, "KNOWS", newcomer);
assert.deepEqual(await again.ask("find", "Person", { town: "town 7" }), [newcomer]);
console.log(
  `from ${ann} to the newcomer: ${(await again.ask("path", ann, "KNOWS", newcomer)).join(" → ")}`,
);
await again.close();
