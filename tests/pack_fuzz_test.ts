/**
 * Hostile packs: bombs, absurd sizes, paths that climb out, and 10,000 damaged files of every kind that Tapir reads
 * about chips. All of them are read or refused with a reason, soon and in bounded memory.
 */
import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import { ByteWriter } from "../lib/base/bytes.ts";
import { TapirError } from "../lib/base/errors.ts";
import { bytesSource } from "../lib/format/byte_source.ts";
import { damage } from "../lib/format/testing.ts";
import { openPacks } from "../lib/pack/bundle.ts";
import { makeZip } from "../lib/pack/bundle_zip.ts";
import { cbuildPack } from "../lib/pack/cbuild_pack.ts";
import { parseCbuildRun } from "../lib/pack/cbuild_run.ts";
import { describeDevice, describeResolved } from "../lib/pack/device.ts";
import { systemFiles } from "../lib/pack/files.ts";
import { parseFlm } from "../lib/pack/flm.ts";
import { folderUrl, parsePackIndex, readReleases } from "../lib/pack/index_pidx.ts";
import { namePattern } from "../lib/pack/index_pattern.ts";
import { parsePackFileName } from "../lib/pack/index_version.ts";
import { Pdsc } from "../lib/pack/pdsc.ts";
import { sequenceSources } from "../lib/pack/sequences.ts";
import { type FileAccess, openPackArchive } from "../lib/pack/source.ts";
import { cbuildOptions } from "../lib/session/cbuild.ts";
import { pdscText, pidxText } from "./support/pack_server.ts";

/** How many damaged files of each of five kinds are tried. */
const RUNS = 2000;
/** Limit for one file in milliseconds; the slowest takes a fraction of it. */
const LIMIT_MS = 2000;
const DEMO = new URL("../scripts/demo/Tapir.Demo_DFP/", import.meta.url);

/** Numbers without a pattern, always the same, so that a failure comes back. */
function numbers(seed: number): () => number {
  let state = seed;
  return () => (state = Math.imul(state, 1664525) + 1013904223 | 0) >>> 8;
}

/** Reads damaged copies of `good`; `read` may refuse with a TapirError only. Answers how many were refused. */
async function storm(good: Uint8Array, seed: number, read: (bytes: Uint8Array) => unknown): Promise<number> {
  const next = numbers(seed);
  let refused = 0;
  for (let run = 0; run < RUNS; run++) {
    const recipe = Uint8Array.from({ length: 4 + next() % 24 }, () => next());
    const start = performance.now();
    try {
      await read(damage(good, recipe));
    } catch (error) {
      if (!(error instanceof TapirError)) throw new Error(`recipe ${recipe}`, { cause: error });
      refused++;
    }
    const ms = performance.now() - start;
    assert(ms < LIMIT_MS, `recipe ${recipe} took ${ms} ms`);
  }
  return refused;
}

function textOf(bytes: Uint8Array): string {
  return new TextDecoder().decode(bytes);
}

Deno.test("2000 damaged package descriptions are read or refused", async () => {
  const good = Deno.readFileSync(new URL("Tapir.Demo_DFP.pdsc", DEMO));
  const refused = await storm(good, 1, (bytes) => {
    const pdsc = new Pdsc(bytes, "x.pdsc");
    for (const { name } of pdsc.devices) sequenceSources(pdsc.device(name).sequences);
    pdsc.boards();
    readReleases(bytes, "x.pdsc");
  });
  assert(refused > 0 && refused < RUNS);
});

Deno.test("2000 damaged flash algorithms are read or refused", async () => {
  const good = Deno.readFileSync(new URL("STM32F4_demo.FLM", DEMO));
  const refused = await storm(good, 2, (bytes) => parseFlm(bytes, "x.FLM"));
  assert(refused > 0 && refused < RUNS);
});

Deno.test("2000 damaged archives are read or refused", async () => {
  const good = await makeZip([
    { name: "V.P.pdsc", data: new TextEncoder().encode(pdscText("V", "P", "1.0.0", ["D1"])) },
    { name: "a.FLM", data: Deno.readFileSync(new URL("STM32F4_demo.FLM", DEMO)).subarray(0, 2000) },
  ]);
  const refused = await storm(good, 3, async (bytes) => {
    const pack = await openPackArchive(bytesSource(bytes), "x.pack");
    describeDevice(pack, pack.pdsc.devices[0]?.name ?? "none");
    await pack.read("a.FLM");
  });
  assert(refused > 0 && refused < RUNS);
});

Deno.test("2000 damaged indexes are read or refused, and name nothing outside of the store", async () => {
  const entry = { vendor: "Vendor", name: "Pack_DFP", version: "1.2.3", url: "https://a.example/packs/" };
  const text = pidxText([entry, { ...entry, name: "Other" }], [{ vendor: "W", url: "http://b.example/" }]);
  const refused = await storm(new TextEncoder().encode(text), 4, (bytes) => {
    for (const { vendor, name, version, url } of parsePackIndex(bytes, "x.pidx", "https://i.example/").packs) {
      assert(![vendor, name, version].some((part) => /[\\/\0]|^\.|\.\./.test(part)), `${vendor} ${name} ${version}`);
      assert(/^https?:\/\//.test(url), url);
      parsePackFileName(`${vendor}.${name}.${version}`);
    }
  });
  assert(refused > 0 && refused < RUNS);
});

Deno.test("2000 damaged cbuild-run files are read or refused", async () => {
  const text = `cbuild-run:
  device: V::D:A
  output:
    - {file: a.hex, type: hex, load: image, load-offset: 0x100}
  system-resources:
    memory:
      - {name: F, access: rx, start: 0x08000000, size: 0x1000, default: true, alias: G}
    processors: [{core: Cortex-M4, pname: A}, {core: Cortex-M0, pname: B}]
  debugger:
    clock: 1000000
    gdbserver: [{port: 3333, pname: A}]
    stdio: [{mode: file, pname: B}]
    load-setup: {halt: true, pre-reset: off}
    rtt: [{pname: A, channel: [{number: 0, mode: stdio}]}]
  debug-vars:
    vars: |
      __var a = 1;
  debug-sequences:
    - name: S
      blocks:
        - {if: a, blocks: [{execute: "x;"}]}
  programming: [{algorithm: a.FLM, start: 0x08000000, size: 0x1000}]
  flash-info: [{name: I, start: 0, page-size: 4, blank-val: 0xFFFFFFFFFFFFFFFF, blocks: [{count: 2, size: 16}]}]
  debug-topology:
    debugports: [{dpid: 0, accessports: [{apid: 0, index: 0}]}]
    processors: [{pname: A, apid: 0}]
`;
  const refused = await storm(new TextEncoder().encode(text), 5, (bytes) => {
    const run = parseCbuildRun(textOf(bytes), "/x.cbuild-run.yml", { directory: "/", packRoot: "/packs" });
    describeResolved(run.device, "cbuild-run", cbuildPack(run, "/packs", systemFiles));
    sequenceSources(run.device.sequences);
    cbuildOptions(run);
  });
  assert(refused > 0 && refused < RUNS);
});

/** An archive of one entry whose directory claims `size` bytes. */
function lyingZip(name: string, packed: Uint8Array, size: number): Uint8Array {
  const raw = new TextEncoder().encode(name);
  const common = (): ByteWriter => new ByteWriter().u16(20).u16(0).u16(8).u32(0).u32(0).u32(packed.length).u32(size);
  const local = new ByteWriter().u32(0x04034b50).bytes(common().done()).u16(raw.length).u16(0).bytes(raw).bytes(packed);
  const start = local.length;
  local.u32(0x02014b50).u16(20).bytes(common().done()).u16(raw.length).u16(0).u16(0).u16(0).u16(0).u32(0).u32(0).bytes(
    raw,
  );
  const length = local.length - start;
  return local.u32(0x06054b50).u16(0).u16(0).u16(1).u16(1).u32(length).u32(start).u16(0).done();
}

async function deflate(bytes: Uint8Array<ArrayBuffer>): Promise<Uint8Array> {
  const stream = new Blob([bytes]).stream().pipeThrough(new CompressionStream("deflate-raw"));
  return new Uint8Array(await new Response(stream).arrayBuffer());
}

Deno.test("archives that unpack to more than they say, or to absurd sizes, are refused", async () => {
  const bomb = await deflate(new Uint8Array(20_000_000));
  assert(bomb.length < 30_000);
  for (const [size, says] of [[100, "more than the 100 bytes"], [0xf000_0000, "more than the limit"]] as const) {
    const zip = lyingZip("V.P.pdsc", bomb, size);
    await assertRejects(() => openPackArchive(bytesSource(zip), "x.pack"), TapirError, says);
  }
  const tiny = lyingZip("V.P.pdsc", Uint8Array.of(3, 0), 100_000_000);
  await assertRejects(() => openPackArchive(bytesSource(tiny), "x.pack"), TapirError, "cannot unpack to");
});

Deno.test("documents that declare entities are refused, in descriptions and indexes", () => {
  const lol = Array.from({ length: 10 }, (_, i) => `<!ENTITY l${i + 1} "${`&l${i};`.repeat(10)}">`).join("");
  const bomb = `<?xml version="1.0"?><!DOCTYPE x [<!ENTITY l0 "ha">${lol}]><package><vendor>&l10;</vendor></package>`;
  const external = `<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]><index>&e;</index>`;
  assertThrows(() => new Pdsc(bomb, "x.pdsc"), TapirError, "document type declarations");
  assertThrows(() => parsePackIndex(external, "x.pidx"), TapirError, "document type declarations");
  assertThrows(() => parsePackIndex("<index>&e;</index>", "x.pidx"), TapirError, "is not defined");
});

Deno.test("indexes of too many entries are refused, and huge numbers are not believed", () => {
  const entry = '<pdsc url="http://a/" vendor="V" name="P" version="1.0.0" size="99999999999999999999"/>';
  assertThrows(
    () => parsePackIndex(`<index><pindex>${entry.repeat(100_001)}</pindex></index>`, "x.pidx"),
    TapirError,
    "too many",
  );
  const [pack] = parsePackIndex(`<index><pindex>${entry}</pindex></index>`, "x.pidx").packs;
  assertEquals(pack?.size, undefined);
});

Deno.test("YAML that refers to itself a million times is refused", () => {
  const levels = Array.from({ length: 9 }, (_, i) => `a${i + 1}: &a${i + 1} [${`*a${i},`.repeat(10)}]`).join("\n");
  const text = `cbuild-run:\n  x: 1\na0: &a0 [1]\n${levels}\n`;
  const places = { directory: "/", packRoot: "/p" };
  assertThrows(() => parseCbuildRun(text, "x.yml", places), TapirError, "too large");
});

Deno.test("cbuild-run files of thousands of algorithms are cut, and soon described", () => {
  const one = (i: number): string => `    - algorithm: a${i}.FLM\n      start: ${i * 64}\n      size: 32\n`;
  const list = Array.from({ length: 5000 }, (_, i) => one(i)).join("");
  const run = parseCbuildRun(`cbuild-run:\n  device: V::D\n  programming:\n${list}`, "x.yml", {
    directory: "/",
    packRoot: "/p",
  });
  assertEquals(run.device.algorithms.length, 512);
  assert(run.problems.some((problem) => problem.includes("it has 5000 items; those after 512 are left out")));
});

Deno.test("blocks nested beyond reason are left out, and beyond that refused", () => {
  const read = (depth: number) => {
    const blocks = `${"[{if: a, blocks: ".repeat(depth)}[]${"}]".repeat(depth)}`;
    const text = `cbuild-run:\n  debug-sequences: [{name: S, blocks: ${blocks}}]\n`;
    return parseCbuildRun(text, "x.yml", { directory: "/", packRoot: "/p" }).problems;
  };
  assertEquals(read(30), []);
  assert(read(40).some((problem) => problem.endsWith("blocks are nested more than 32 deep; left out")));
  assertThrows(() => read(60), TapirError, "nesting exceeded maxDepth");
});

Deno.test("names in indexes and addresses never lead out of the store or to other kinds of places", () => {
  for (
    const name of [
      "../x.y.1.0.0",
      "a/b.c.1.0.0",
      "..1.0.0",
      "a..1.0.0",
      "C:\\x.y.1.0.0",
      "a.b.1.0.0/../x",
      "\0.b.1.0.0",
    ]
  ) {
    assertEquals(parsePackFileName(name), undefined, name);
  }
  for (const url of ["file:///etc", "ftp://x/", "data:text/plain,x", "javascript:1", "", "http://"]) {
    assertEquals(folderUrl(url, "https://index.example/"), undefined, url);
  }
});

Deno.test("patterns people type are matched soon, whatever they are", () => {
  const next = numbers(6);
  const letters = "*?[]!a-zA9\\^.(){}+|";
  const name = "STM32F407VGTx".repeat(8);
  for (let run = 0; run < 2000; run++) {
    const pattern = Array.from({ length: next() % 12 }, () => letters[next() % letters.length]).join("");
    const start = performance.now();
    namePattern(pattern)(name);
    assert(performance.now() - start < LIMIT_MS, pattern);
  }
});

Deno.test("bundles that are damaged are refused", async () => {
  const manifest = new TextEncoder().encode('{"layout":1,"packs":[{"vendor":"V","name":"P","version":"1.0.0"}]}');
  const data = new TextEncoder().encode(pdscText("V", "P", "1.0.0", ["D1"]));
  const good = await makeZip([{ name: "tapir-bundle.json", data: manifest }, { name: "V/P/1.0.0/V.P.pdsc", data }]);
  const next = numbers(7);
  let refused = 0;
  for (let run = 0; run < 300; run++) {
    const source = bytesSource(damage(good, Uint8Array.from({ length: 4 + next() % 16 }, () => next())));
    const files: FileAccess = {
      ...systemFiles,
      stat: () => Promise.resolve({ isDirectory: false, size: source.size }),
      open: () => Promise.resolve({ ...source, close: () => {} }),
    };
    try {
      for (const pack of await openPacks("x.zip", files)) pack.close();
    } catch (error) {
      if (!(error instanceof TapirError)) throw error;
      refused++;
    }
  }
  assert(refused > 0 && refused < 300);
});
