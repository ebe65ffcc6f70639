/** The store of packs: layout, removal, remembered devices, bundles, chosen algorithms. */
import { assert, assertEquals, assertRejects, assertStringIncludes, assertThrows } from "@std/assert";
import { FormatError, PackError, UsageError } from "../lib/base/errors.ts";
import { makeBundle, openPacks } from "../lib/pack/bundle.ts";
import { makeZip } from "../lib/pack/bundle_zip.ts";
import { DeviceCache } from "../lib/pack/cache_devices.ts";
import { chooseAlgorithms } from "../lib/pack/choose.ts";
import { describeDevice } from "../lib/pack/device.ts";
import { systemFiles } from "../lib/pack/files.ts";
import { compareVersions, parsePackReference, satisfies } from "../lib/pack/index_version.ts";
import { parsePackIndex } from "../lib/pack/index_pidx.ts";
import { resolvePackRoot } from "../lib/pack/root.ts";
import { openPack } from "../lib/pack/source.ts";
import { PackStore } from "../lib/pack/store.ts";
import { findInstalled, installedDevices } from "../lib/pack/store_devices.ts";
import { importArchive } from "../lib/pack/store_import.ts";
import { unpackArchive } from "../lib/pack/store_unpack.ts";
import { findTarget } from "../lib/session/targets.ts";
import { demoPack, pdscText, pidxText } from "./support/pack_server.ts";
import { sharedData, why } from "./support/shared_data.ts";

const DEMO = decodeURIComponent(new URL("../scripts/demo/Tapir.Demo_DFP/", import.meta.url).pathname);

async function withRoot(work: (store: PackStore, root: string) => void | Promise<void>): Promise<void> {
  const root = Deno.makeTempDirSync();
  try {
    await work(new PackStore(root), root);
  } finally {
    Deno.removeSync(root, { recursive: true });
  }
}

function put(root: string, path: string, data: string | Uint8Array = ""): string {
  const whole = `${root}/${path}`;
  Deno.mkdirSync(whole.replace(/\/[^/]*$/, ""), { recursive: true });
  Deno.writeFileSync(whole, typeof data === "string" ? new TextEncoder().encode(data) : data);
  return whole;
}

function putUnpacked(root: string, vendor: string, name: string, version: string, devices: readonly string[]): string {
  return put(root, `${vendor}/${name}/${version}/${vendor}.${name}.pdsc`, pdscText(vendor, name, version, devices));
}

Deno.test("resolvePackRoot() asks user, environment, checkout and platform, in this order", () => {
  const env = (values: Record<string, string>) => (name: string) => values[name];
  const home = { HOME: "/home/me" };
  const facts = { isWindows: false, checkout: "/src/packs-cache" };
  const variable = env({ ...home, CMSIS_PACK_ROOT: "~/packs/" });
  assertEquals(resolvePackRoot({ ...facts, wanted: "/mine", env: variable }), "/mine");
  assertEquals(resolvePackRoot({ ...facts, env: variable }), "/home/me/packs");
  assertEquals(resolvePackRoot({ ...facts, env: env(home) }), "/src/packs-cache");
  assertEquals(resolvePackRoot({ isWindows: false, env: env(home) }), "/home/me/.cache/arm/packs");
  const local = env({ LOCALAPPDATA: "C:\\Users\\me\\AppData\\Local" });
  assertEquals(resolvePackRoot({ isWindows: true, env: local }), "C:\\Users\\me\\AppData\\Local\\Arm\\Packs");
  assertThrows(() => resolvePackRoot({ isWindows: false, env: env({}) }), UsageError, "no home directory");
});

Deno.test("compareVersions() orders as Semantic Versioning does", () => {
  const sorted = ["0.9.9", "1.0.0-alpha", "1.0.0-alpha.1", "1.0.0-alpha.beta", "1.0.0-beta.2", "1.0.0-beta.11"];
  sorted.push("1.0.0-rc.1", "1.0.0", "1.0.1", "1.2.0", "1.10.0", "2.0.0", "99999999999999999999.0.0");
  for (const [i, a] of sorted.entries()) {
    for (const [j, b] of sorted.entries()) {
      assertEquals(Math.sign(compareVersions(a, b)), Math.sign(i - j), `${a} ${b}`);
    }
  }
  assertEquals(compareVersions("1.2.3+a", "1.2.3+b"), 0);
  assertEquals(compareVersions("1.2", "1.2.0"), 0);
});

Deno.test("satisfies() knows exact versions, minima, same major, same minor and ranges", () => {
  const cases: [string, string, boolean][] = [
    ["1.2.3", "1.2.3", true],
    ["1.2.4", "1.2.3", false],
    ["2.0.0", ">=1.2.3", true],
    ["1.2.2", ">=1.2.3", false],
    ["1.9.0", "^1.2.3", true],
    ["2.0.0", "^1.2.3", false],
    ["1.2.9", "~1.2.3", true],
    ["1.3.0", "~1.2.3", false],
    ["1.5.0", "1.2.3:2.0.0", true],
    ["2.0.1", "1.2.3:2.0.0", false],
  ];
  for (const [version, range, good] of cases) assertEquals(satisfies(version, range), good, `${version} ${range}`);
  assertEquals(parsePackReference("A::B@latest"), { vendor: "A", name: "B" });
  assertEquals(parsePackReference("A::B>=1.0.0"), { vendor: "A", name: "B", range: ">=1.0.0" });
  assertEquals(parsePackReference("../A::B"), undefined);
  assertThrows(() => parsePackReference("A::B@new"), UsageError, "new is not a version");
});

Deno.test("PackStore lists unpacked, downloaded and local packs once each, and nothing else", () =>
  withRoot((store, root) => {
    assertEquals(store.installed(), []);
    putUnpacked(root, "V", "P", "1.10.0", ["D"]);
    putUnpacked(root, "V", "P", "1.9.0", ["D"]);
    put(root, "V/P/notes.txt/x");
    put(root, "V/P/2.0.0/Other.pdsc");
    put(root, ".Download/V.P.1.9.0.pack");
    put(root, ".Download/V.Q_DFP.0.1.0-rc1.pack");
    put(root, ".Download/V.Q_DFP.0.1.0-rc1.pack.part");
    put(root, ".Download/..evil.1.0.0.pack");
    const home = `${root}/home/R`;
    put(home, "W.R.pdsc", pdscText("W", "R", "0.0.1", ["R1"]));
    const local = [{ vendor: "W", name: "R", version: "0.0.1", url: `file://${home}/` }];
    put(root, ".Local/local_repository.pidx", pidxText([...local, { ...local[0]!, name: "Gone" }]));
    assertEquals(store.installed().map(({ vendor, name, version, kind }) => `${vendor}.${name} ${version} ${kind}`), [
      "V.P 1.9.0 unpacked",
      "V.P 1.10.0 unpacked",
      "V.Q_DFP 0.1.0-rc1 archive",
      "W.R 0.0.1 local",
    ]);
    assertEquals(store.newest().map(({ version }) => version), ["1.10.0", "0.1.0-rc1", "0.0.1"]);
  }));

Deno.test("PackStore.remove() removes what is named, and empty folders above it", () =>
  withRoot((store, root) => {
    putUnpacked(root, "V", "P", "1.0.0", ["D"]);
    put(root, ".Download/V.P.1.0.0.pack");
    putUnpacked(root, "W", "P", "1.0.0", ["D"]);
    put(
      root,
      ".Local/local_repository.pidx",
      pidxText([{ vendor: "L", name: "P", version: "1.0.0", url: `file://${root}/l/` }]),
    );
    put(root, "l/L.P.pdsc", pdscText("L", "P", "1.0.0", ["D"]));
    const [local, mine, other] = store.installed();
    assertThrows(() => store.remove(local!), PackError, "it is a local pack");
    store.remove(mine!);
    assertEquals(store.installed(), [local!, other!]);
    assertEquals([...Deno.readDirSync(root)].map(({ name }) => name).sort(), [".Download", ".Local", "W", "l"]);
  }));

Deno.test("PackStore.clean() removes what Tapir put there and leaves everything else", () =>
  withRoot(async (store, root) => {
    const { pack } = await demoPack();
    const other = put(root, ".Download/V.P.1.0.0.pack");
    const file = put(root, "elsewhere/x.pack", pack);
    await importArchive(store, file, systemFiles);
    const again = new PackStore(root);
    assertEquals(again.clean(), [".Download/Tapir.Demo_DFP.1.0.0.pack"]);
    assertEquals([again.installed().length, Deno.statSync(other).isFile, Deno.statSync(file).isFile], [1, true, true]);
    put(
      root,
      ".tapir/downloads.json",
      JSON.stringify({ files: { "../victim": { url: "" }, "a/../../x": { url: "" } } }),
    );
    const victim = put(`${root}/..`, `victim-${crypto.randomUUID()}`);
    assertEquals(new PackStore(root).clean(), []);
    Deno.removeSync(victim);
  }));

Deno.test("DeviceCache parses a pack once, again when it changes, and forgets one that is gone", () =>
  withRoot(async (_, root) => {
    const a = putUnpacked(root, "V", "A", "1.0.0", ["A1", "A2"]);
    const b = putUnpacked(root, "V", "B", "1.0.0", ["B1"]);
    const broken = put(root, "broken.pack", "PK");
    let opened = 0;
    const counting = { ...systemFiles, read: (path: string) => (opened++, systemFiles.read(path)) };
    const file = `${root}/.tapir/devices.json`;
    const load = async (paths: string[]) => {
      const cache = new DeviceCache(file, counting);
      const packs = await cache.load(paths);
      return { names: packs.flatMap(({ devices }) => devices.map(({ name }) => name)), use: cache.use, packs };
    };
    const first = await load([a, b, broken]);
    assertEquals([first.names, first.use], [["A1", "A2", "B1"], { remembered: 0, parsed: 3 }]);
    assertStringIncludes(first.packs[2]!.problem!, "not a ZIP archive");
    opened = 0;
    assertEquals((await load([a, b, broken])).use, { remembered: 3, parsed: 0 });
    assertEquals(opened, 0);
    Deno.writeTextFileSync(b, pdscText("V", "B", "1.0.1", ["B1", "B2", "B3"]));
    assertEquals((await load([a, b, broken])).use, { remembered: 2, parsed: 1 });
    Deno.removeSync(a);
    assertEquals((await load([a, b])).names, ["B1", "B2", "B3"]);
    assert(!Deno.readTextFileSync(file).includes("A1"));
    for (const damage of ["{", "[]", '{"layout":1,"packs":{"x":5}}', '{"layout":99,"packs":{}}', "\0"]) {
      Deno.writeTextFileSync(file, damage);
      assertEquals((await load([b])).use, { remembered: 0, parsed: 1 }, damage);
      assertEquals((await load([b])).use, { remembered: 1, parsed: 0 }, damage);
    }
  }));

Deno.test("DeviceCache does without its file where it cannot write", () =>
  withRoot(async (_, root) => {
    const a = putUnpacked(root, "V", "A", "1.0.0", ["A1"]);
    put(root, "blocked");
    const packs = await new DeviceCache(`${root}/blocked/devices.json`, systemFiles).load([a]);
    assertEquals(packs[0]!.devices.length, 1);
  }));

/** Times of finding a device among the packs of a store: the first time, and best of the times after it. */
async function lookupTimes(store: PackStore, name: string): Promise<{ first: number; later: number }> {
  const timed = async (): Promise<number> => {
    const start = performance.now();
    assert(await findInstalled(name, store, systemFiles), name);
    return performance.now() - start;
  };
  const first = await timed();
  const times: number[] = [];
  for (let i = 0; i < 5; i++) times.push(await timed());
  return { first, later: Math.min(...times) };
}

Deno.test("finding a device among 40 installed packs is many times faster than parsing them", () =>
  withRoot(async (store, root) => {
    for (let pack = 0; pack < 40; pack++) {
      const devices = Array.from({ length: 60 }, (_, i) => `CHIP${100 + pack}X${100 + i}`);
      putUnpacked(root, `Vendor${pack % 5}`, `P${pack}_DFP`, "1.0.0", devices);
    }
    const { first, later } = await lookupTimes(store, "chip120x110");
    console.log(`look-up among 40 packs: ${first.toFixed(1)} ms parsing all, ${later.toFixed(1)} ms after that`);
    assert(first / later > 5, `${first} ms and ${later} ms`);
  }));

const packs = sharedData("packs");
Deno.test({
  name: `finding a device among real packs is many times faster than parsing them${why(packs.missing, "packs")}`,
  ignore: packs.missing,
  fn: () =>
    withRoot(async (store, root) => {
      Deno.mkdirSync(`${root}/.Download`);
      for (const { name } of Deno.readDirSync(packs.path)) {
        Deno.symlinkSync(`${packs.path}/${name}`, `${root}/.Download/${name}`);
      }
      const { first, later } = await lookupTimes(store, "stm32h573zitx");
      const count = store.newest().length;
      console.log(
        `look-up among ${count} real packs: ${first.toFixed(1)} ms parsing all, ${later.toFixed(1)} ms after that`,
      );
      assert(first / later > 20, `${first} ms and ${later} ms`);
    }),
});

Deno.test("findTarget() takes installed packs when those given do not know the chip", () =>
  withRoot(async (store, root) => {
    putUnpacked(root, "V", "P_DFP", "1.0.0", ["OLD1"]);
    putUnpacked(root, "V", "P_DFP", "2.0.0", ["NEW1", "SAME1"]);
    const given = putUnpacked(`${root}/given`, "W", "Q_DFP", "1.0.0", ["SAME1"]);
    const find = async (name: string | undefined, more: { suggested?: string } = {}) => {
      const found = await findTarget({ name, packs: [given], store, warnGeneric: false, ...more });
      found.close();
      return [found.description.name, found.pack?.pdsc.name];
    };
    assertEquals(await find("new1"), ["NEW1", "P_DFP"]);
    assertEquals(await find("same1"), ["SAME1", "Q_DFP"]);
    assertEquals(await find(undefined, { suggested: "new1" }), ["NEW1", "P_DFP"]);
    await assertRejects(() => find("old1"), UsageError, "Cannot use target old1");
  }));

Deno.test("installedDevices() prefers nothing: each device of the newest packs comes once per pack", () =>
  withRoot(async (store, root) => {
    putUnpacked(root, "V", "A", "1.0.0", ["X1"]);
    putUnpacked(root, "V", "B", "1.0.0", ["X1"]);
    assertEquals((await installedDevices(store, systemFiles)).map(({ pack }) => pack.name), ["A", "B"]);
    assertEquals((await findInstalled("x1", store, systemFiles))?.pack.name, "A");
  }));

Deno.test("makeBundle() makes one file of packs that openPacks() opens, also from archives", () =>
  withRoot(async (_, root) => {
    const { pack } = await demoPack();
    const demo = put(root, "Tapir.Demo_DFP.1.0.0.pack", pack);
    const other = putUnpacked(root, "V", "P", "1.0.0", ["D1"]);
    put(root, "V/P/1.0.0/Docs/large.pdf", "not needed");
    put(root, "V/P/1.0.0/LICENSE.txt", "terms");
    const bundle = await makeBundle([
      { vendor: "Tapir", name: "Demo_DFP", version: "1.0.0", path: demo },
      { vendor: "V", name: "P", version: "1.0.0", path: other },
    ], systemFiles);
    const path = put(root, "all.zip", bundle);
    const opened = await openPacks(path, systemFiles);
    assertEquals(opened.map(({ pdsc }) => pdsc.name), ["Demo_DFP", "P"]);
    const target = describeDevice(opened[0]!, "stm32f407vg");
    assertEquals((await target.algorithms[0]!.load()).start, 0x08000000);
    assertEquals([await opened[1]!.has("license.TXT"), await opened[1]!.has("Docs/large.pdf")], [true, false]);
    await assertRejects(() => opened[1]!.read("../../../x"), PackError, "leads out of the pack");
    for (const each of opened) each.close();
    assertEquals(
      await makeBundle([{ vendor: "V", name: "P", version: "1.0.0", path: other }], systemFiles).then((b) =>
        b.length > 0
      ),
      true,
    );
    const found = await findTarget({ name: "stm32f407vg", packs: [path] });
    assertEquals(found.description.source, "pack");
    found.close();
  }));

Deno.test("openPacks() refuses bundles that name nonsense", () =>
  withRoot(async (_, root) => {
    for (
      const [manifest, says] of [
        ["{", "is damaged"],
        ['{"layout":2,"packs":[]}', "another version"],
        ['{"layout":1,"packs":[]}', "holds no pack"],
        ['{"layout":1,"packs":[{"vendor":"../x","name":"y","version":"1"}]}', "names no pack"],
        ['{"layout":1,"packs":[{"vendor":"V","name":"P","version":"1.0.0"}]}', "it holds no package description"],
      ] as const
    ) {
      const data = new TextEncoder().encode(manifest);
      const path = put(root, "b.zip", await makeZip([{ name: "tapir-bundle.json", data }]));
      await assertRejects(() => openPacks(path, systemFiles), PackError, says);
    }
  }));

Deno.test("importArchive() lets several take in one pack at a time", async () => {
  await withRoot(async (store, root) => {
    const { pack } = await demoPack();
    const file = put(root, "in/x.pack", pack);
    const ids = await Promise.all(Array.from({ length: 6 }, () => importArchive(store, file, systemFiles)));
    assertEquals(new Set(ids.map(({ name }) => name)), new Set(["Demo_DFP"]));
    assertEquals(Deno.readFileSync(store.archivePath(ids[0]!)), Deno.readFileSync(file));
    assertEquals([...Deno.readDirSync(`${root}/.Download`)].map(({ name }) => name), ["Tapir.Demo_DFP.1.0.0.pack"]);
  });
});

Deno.test("unpackArchive() lays a pack out as other tools expect, and refuses paths that leave it", () =>
  withRoot(async (store, root) => {
    const { pack } = await demoPack();
    const id = await importArchive(store, put(root, "in/x.pack", pack), systemFiles);
    await unpackArchive(store, id, systemFiles);
    assertEquals(store.installed().map(({ kind }) => kind), ["unpacked"]);
    const names = [...Deno.readDirSync(`${root}/Tapir/Demo_DFP/1.0.0`)].map(({ name }) => name).sort();
    assertEquals(names, ["STM32F4_demo.FLM", "Tapir.Demo_DFP.pdsc"]);
    const evil = await makeZip([
      { name: "V.E.pdsc", data: new TextEncoder().encode(pdscText("V", "E", "1.0.0", ["D"])) },
      { name: "../../evil.txt", data: new Uint8Array(4) },
    ]);
    put(root, ".Download/V.E.1.0.0.pack", evil);
    await assertRejects(
      () => unpackArchive(store, { vendor: "V", name: "E", version: "1.0.0" }, systemFiles),
      FormatError,
    );
    assertEquals([...Deno.readDirSync(root)].map(({ name }) => name).sort(), [".Download", ".tapir", "Tapir", "in"]);
    assertEquals([...Deno.readDirSync(`${root}/.tapir`)].map(({ name }) => name), ["downloads.json"]);
  }));

Deno.test("chooseAlgorithms() takes an algorithm by name, or from a file at an address of its own", async () => {
  const pack = await openPack(DEMO, systemFiles);
  const target = describeDevice(pack, "stm32f407vg");
  const bare = {
    ...target,
    memory: target.memory.map(({ algorithm: _, ...region }) => ({
      ...region,
      kind: region.kind === "flash" ? "rom" as const : region.kind,
    })),
  };
  const named = await chooseAlgorithms(bare, { names: ["stm32f4_DEMO.flm"], files: [] }, systemFiles);
  assertEquals(named.memory.find(({ kind }) => kind === "flash")?.algorithm, target.algorithms[0]);
  const path = `${DEMO}STM32F4_demo.FLM`;
  const files = [{ path, base: 0x90000000, size: 0x4000 }];
  const moved = await chooseAlgorithms(target, { names: [], files }, systemFiles);
  const added = moved.memory.find(({ start }) => start === 0x90000000)!;
  assertEquals([added.name, added.kind, added.size], ["STM32F4_demo", "flash", 0x4000]);
  assertEquals((await added.algorithm!.load()).sectors[0]!.start, 0x90000000);
  const both = { names: ["STM32F4_demo"], files: [{ path, base: 0x08000000, size: 0x4000 }] };
  const boot = (await chooseAlgorithms(target, both, systemFiles)).memory.find(({ start }) => start === 0x08000000)!;
  assertEquals(boot.algorithm!.name, path, "a file goes before a name");
  const fails = (names: string[], more: { path: string; base?: number }[] = []) =>
    chooseAlgorithms(target, { names, files: more }, systemFiles);
  const unknown = await assertRejects(() => fails(["nope"]), PackError, "has no algorithm of this name") as PackError;
  assertStringIncludes(unknown.hint!, "STM32F4_demo");
  await assertRejects(() => fails([], [{ path: "/no/such.flm" }]), PackError, "no such file");
  await assertRejects(() => fails([], [{ path: DEMO }]), PackError, "it is a directory");
  await assertRejects(() => fails([], [{ path, base: 0x20000000 }]), PackError, "which is RAM");
});

Deno.test("parsePackIndex() takes addresses in full only, and refuses names that lead out of the store", () => {
  const entry = { vendor: "V", name: "P", version: "1.0.0" };
  const index = parsePackIndex(
    pidxText([
      { ...entry, url: "http://a.example/x", extra: 'size="12" sha256="x" deprecated="2020-01-01"' },
      { ...entry, name: "../../etc", url: "http://a.example/" },
      { ...entry, name: "a/b", url: "http://a.example/" },
      { ...entry, version: "1/../2", url: "http://a.example/" },
      { ...entry, url: "file:///etc/" },
      { ...entry, url: "javascript:alert(1)" },
      { ...entry, name: "Rel", url: "sub" },
    ], [{ vendor: "..", url: "http://a.example/" }, { vendor: "W", url: "www.b.example/pack" }]),
    "x.pidx",
    "https://index.example/pack/index.pidx",
  );
  assertEquals(index.packs, [
    { ...entry, url: "http://a.example/x/", deprecated: "2020-01-01", size: 12 },
    { ...entry, name: "Rel", url: "https://index.example/pack/sub/" },
  ]);
  assertEquals(index.problems.length, 6);
});

const indexes = sharedData("index");
Deno.test({
  name: `parsePackIndex() reads the real indexes${why(indexes.missing, "index")}`,
  ignore: indexes.missing,
  fn: () => {
    let total = 0;
    for (const { name, isDirectory } of Deno.readDirSync(indexes.path)) {
      if (!isDirectory) continue;
      for (
        const file of [...Deno.readDirSync(`${indexes.path}/${name}`)].filter(({ name }) => /\.[pv]idx$/.test(name))
      ) {
        if (file.isDirectory) continue;
        const { packs, problems } = parsePackIndex(
          Deno.readFileSync(`${indexes.path}/${name}/${file.name}`),
          file.name,
        );
        assert(packs.length > 0 && problems.length === 0, `${name}/${file.name}: ${problems.join("\n")}`);
        total += packs.length;
      }
    }
    assert(total > 1000, String(total));
  },
});
