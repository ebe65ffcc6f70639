import { assertEquals, assertStringIncludes } from "@std/assert";
import { describeComponent, findComponent, flattenComponents, readComponentTree } from "./discovery.ts";
import { FakeMemory } from "./testing/fake_memory.ts";

const ROM = 0xe00ff000;

interface Identity {
  readonly class: number;
  readonly part: number;
  readonly archid?: number;
  readonly devtype?: number;
  readonly devid?: number;
  readonly devid2?: number;
  readonly blocks?: number;
}

/** Stores the identification words of an Arm component in its last 4 KB. */
function component(memory: FakeMemory, address: number, id: Identity): void {
  const archid = id.archid === undefined ? 0 : (0x47700000 | id.archid) >>> 0;
  memory.store(address + 0xfbc, archid, id.devid2 ?? 0, 0, id.devid ?? 0, id.devtype ?? 0);
  memory.store(address + 0xfd0, 4 | ((id.blocks ?? 0) << 4), 0, 0, 0, id.part & 0xff, 0xb0 | (id.part >>> 8), 0xb, 0);
  memory.store(address + 0xff0, 0x0d, id.class << 4, 0x05, 0xb1);
}

/** The ROM table of a Cortex-M4, as its manual gives it, with an ETM that was left out. */
function cortexM4(): FakeMemory {
  const memory = new FakeMemory();
  component(memory, ROM, { class: 1, part: 0x4c4 });
  memory.store(ROM, 0xfff0f003, 0xfff02003, 0xfff03003, 0xfff01003, 0xfff41003, 0xfff42002, 0);
  component(memory, 0xe000e000, { class: 0xe, part: 0x00c });
  component(memory, 0xe0001000, { class: 0xe, part: 0x002 });
  component(memory, 0xe0002000, { class: 0xe, part: 0x003 });
  component(memory, 0xe0000000, { class: 0xe, part: 0x001 });
  component(memory, 0xe0040000, { class: 9, part: 0x9a1, devtype: 0x11 });
  return memory;
}

Deno.test("readComponentTree() reads the table of a Cortex-M4 in three batches", async () => {
  const memory = cortexM4();
  const root = await readComponentTree(memory, ROM);
  assertEquals(root.children.map((node) => `${node.name} ${node.product}`), [
    "SCS v7-M",
    "DWT v7-M",
    "FPB v7-M",
    "ITM v7-M",
    "TPIU M4",
  ]);
  assertEquals([root.absent, memory.batches], [[0xe0041000], 3]);
  assertEquals(findComponent(root, "tpiu")?.address, 0xe0040000);
  assertEquals(describeComponent(root), "<e00ff000:ROM class=1 designer=43b:Arm part=4c4>");
});

Deno.test("readComponentTree() records a component that faults and keeps the others", async () => {
  const memory = cortexM4();
  for (let at = 0xe0001fbc; at < 0xe0002000; at += 4) memory.faults.add(at);
  const root = await readComponentTree(memory, ROM);
  assertEquals(root.children.map((node) => node.kind), ["scs", "unknown", "fpb", "itm", "tpiu"]);
  assertStringIncludes(root.children[1]!.error ?? "", "FAULT");
  assertStringIncludes(describeComponent(root.children[1]!), "(Cannot read");
});

Deno.test("readComponentTree() identifies a component that refuses the words below 0xFD0", async () => {
  const memory = cortexM4();
  memory.faults.add(0xe000efbc);
  const root = await readComponentTree(memory, ROM);
  assertEquals([root.children[0]!.kind, root.children[0]!.error], ["scs", undefined]);
});

Deno.test("readComponentTree() records a table that faults, at the root and below", async () => {
  const memory = cortexM4();
  memory.faults.add(ROM);
  const root = await readComponentTree(memory, ROM);
  assertEquals([root.kind, root.children], ["rom-table", []]);
  assertStringIncludes(root.error ?? "", "FAULT");
  const nothing = await readComponentTree(new FakeMemory(), ROM);
  assertEquals([nothing.kind, nothing.error], ["unknown", "no component identification (CIDR)"]);
});

Deno.test("readComponentTree() follows nested tables, and reads a table that lists itself only once", async () => {
  const memory = cortexM4();
  component(memory, 0x80000000, { class: 1, part: 0x123 });
  memory.store(0x80000000, (ROM - 0x80000000 + 3) >>> 0, 0x00000003, 0);
  const root = await readComponentTree(memory, 0x80000000);
  assertEquals(root.children.map((node) => [node.address, node.children.length, node.error]), [
    [ROM, 5, undefined],
    [0x80000000, 0, "the table is listed a second time"],
  ]);
  assertEquals(flattenComponents(root).length, 8);
});

Deno.test("readComponentTree() stops at tables nested too deep", async () => {
  const memory = new FakeMemory();
  for (let n = 0; n < 20; n++) {
    component(memory, 0x80000000 + n * 0x1000, { class: 1, part: 1 });
    memory.store(0x80000000 + n * 0x1000, 0x1003, 0);
  }
  const all = flattenComponents(await readComponentTree(memory, 0x80000000));
  assertEquals([all.length, all.at(-1)?.error], [9, "tables are nested more than 8 deep"]);
});

Deno.test("readComponentTree() reads tables longer than one chunk", async () => {
  const memory = new FakeMemory();
  component(memory, ROM, { class: 1, part: 1 });
  memory.store(ROM, ...Array.from({ length: 100 }, (_, n) => (0x1000 * (n + 1)) | 2), 0);
  assertEquals((await readComponentTree(memory, ROM)).absent.length, 100);
});

Deno.test("readComponentTree() switches power on through a requestor in the table before it reads on", async () => {
  const memory = new FakeMemory();
  component(memory, 0x1000, { class: 1, part: 1 });
  memory.store(0x1000, 0x1003, 0x2007 | (3 << 4), 0);
  component(memory, 0x2000, { class: 9, part: 0x9a4, devtype: 0x34, archid: 0x0a34, devid2: 4 });
  component(memory, 0x3000, { class: 9, part: 0xd21, archid: 0x1a01, devtype: 0x43 });
  const root = await readComponentTree(memory, 0x1000);
  assertEquals(root.children.map((node) => [node.kind, node.error]), [["gpr", undefined], ["itm", undefined]]);
  assertEquals(memory.words.get(0x2000), 8);
});

Deno.test("readComponentTree() skips powered components when no requestor is there or it does not answer", async () => {
  const memory = new FakeMemory();
  component(memory, 0x1000, { class: 1, part: 1 });
  memory.store(0x1000, 0x2007, 0);
  const alone = await readComponentTree(memory, 0x1000);
  assertEquals(alone.children[0]!.error, "power domain 0 cannot be switched on: no power requestor was found");
  memory.store(0x1000, 0x1003, 0x2007, 0);
  component(memory, 0x2000, { class: 9, part: 0x9a4, devtype: 0x34, archid: 0x0a34, devid2: 4 });
  memory.onWrite.set(0x2000, () => {});
  const silent = await readComponentTree(memory, 0x1000);
  assertEquals(silent.children[1]!.error, "power domain 0 did not come up within 5000 ms");
});

Deno.test("readComponentTree() reads class 9 tables with 64-bit entries and their own power requests", async () => {
  const memory = new FakeMemory();
  component(memory, 0x1000, { class: 9, part: 1, archid: 0x0af7, devid: 0x21 });
  memory.store(0x1000, 0x2007 | (1 << 4), 0, 0x3002, 0, 0x1003, 1, 0, 0);
  memory.store(0x1c00, 1);
  memory.store(0x1a04, 1);
  memory.onWrite.set(0x1a04, (value) => memory.store(0x1a84, value >>> 1));
  component(memory, 0x3000, { class: 9, part: 0xd21, archid: 0x2a04 });
  const root = await readComponentTree(memory, 0x1000);
  assertEquals(root.children.map((node) => [node.name, node.kind, node.error]), [
    ["SCS", "scs", undefined],
    ["???", "unknown", "above 4 GB"],
  ]);
  assertEquals(root.absent, [0x4000]);
});

Deno.test("readComponentTree() finds the first byte of a component larger than 4 KB", async () => {
  const memory = new FakeMemory();
  component(memory, 0x5000, { class: 0xf, part: 0x101, blocks: 2 });
  assertEquals((await readComponentTree(memory, 0x5000)).address, 0x2000);
});
