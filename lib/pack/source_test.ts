import { assertEquals, assertRejects } from "@std/assert";
import type { Bytes } from "../base/bytes.ts";
import { FormatError, PackError } from "../base/errors.ts";
import { bytesSource } from "../format/byte_source.ts";
import { buildZip } from "../format/testing.ts";
import { openPacks } from "./bundle.ts";
import { describeDevice } from "./device.ts";
import { type FileAccess, openPack } from "./source.ts";

const text = (value: string): Bytes => new TextEncoder().encode(value);

const PDSC = text(`<package><vendor>V</vendor><name>P</name><devices><family Dfamily="F" Dvendor="V:1">
  <processor Dcore="Cortex-M0"/><device Dname="DEVICE1"><debug svd="SVD/a.svd"/>
    <memory name="FLASH" access="rx" start="0" size="0x100"/>
    <algorithm name="Flash\\Missing.FLM" start="0" size="0x100" default="1"/>
    <algorithm name="Flash/iar.flash" start="0" size="0x100" style="IAR"/></device>
  <device Dname="RISC"><processor Dcore="other"/></device></family></devices></package>`);

/** A file system in memory that counts open files. */
class MemoryFiles implements FileAccess {
  readonly #files: ReadonlyMap<string, Bytes>;
  open_ = 0;

  constructor(files: Record<string, Bytes>) {
    this.#files = new Map(Object.entries(files));
  }

  stat(path: string) {
    const file = this.#files.get(path);
    if (file) return Promise.resolve({ isDirectory: false, size: file.length });
    const isDirectory = [...this.#files.keys()].some((name) => name.startsWith(`${path}/`));
    return Promise.resolve(isDirectory ? { isDirectory, size: 0 } : undefined);
  }

  list(path: string) {
    const items = new Map<string, boolean>();
    for (const name of this.#files.keys()) {
      if (!name.startsWith(`${path}/`)) continue;
      const [first = "", ...rest] = name.slice(path.length + 1).split("/");
      items.set(first, rest.length > 0);
    }
    return Promise.resolve([...items].map(([name, isDirectory]) => ({ name, isDirectory })));
  }

  read(path: string) {
    const file = this.#files.get(path);
    return file ? Promise.resolve(file) : Promise.reject(new Error(`no file ${path}`));
  }

  async open(path: string) {
    const source = bytesSource(await this.read(path));
    this.open_++;
    return { ...source, close: () => void this.open_-- };
  }
}

Deno.test("openPack() says what is missing, and leaves no file open", async () => {
  const files = new MemoryFiles({
    "broken.pack": text("not a zip"),
    "empty.pack": await buildZip([{ name: "readme.txt", data: text("x") }]),
    "bad.pack": await buildZip([{ name: "x.pdsc", data: text("<package>") }]),
    "dir/readme.txt": text("x"),
  });
  await assertRejects(
    () => openPack("none.pack", files),
    PackError,
    "Cannot open pack none.pack: there is no such file",
  );
  await assertRejects(() => openPack("broken.pack", files), FormatError, "it is not a ZIP archive");
  await assertRejects(() => openPack("empty.pack", files), PackError, "it holds no package description (.pdsc)");
  await assertRejects(() => openPack("bad.pack", files), FormatError, "x.pdsc:1");
  await assertRejects(() => openPack("dir", files), PackError, "it holds no package description (.pdsc)");
  assertEquals(files.open_, 0);
});

Deno.test("openPack() reads archives, directories and loose descriptions alike", async () => {
  const files = new MemoryFiles({
    "a.pack": await buildZip([
      { name: "P/V.P.PDSC", data: PDSC, deflate: true },
      { name: "P/deep/other.pdsc", data: text("<x/>") },
      { name: "P/svd/A.SVD", data: text("svd") },
    ]),
    "nested/P/V.P.pdsc": PDSC,
    "nested/P/svd/A.SVD": text("svd"),
    "flat/V.P.pdsc": PDSC,
    "flat/svd/A.SVD": text("svd"),
  });
  for (const path of ["a.pack", "nested", "flat", "flat/V.P.pdsc"]) {
    const pack = await openPack(path, files);
    assertEquals(pack.pdsc.name, "P");
    // Descriptions are written on systems where letter case and the kind of slash do not matter.
    assertEquals(await pack.read("SVD\\.\\a.svd"), text("svd"), path);
    assertEquals(await pack.has("SVD/../svd/a.svd"), true);
    assertEquals(await pack.has("SVD"), false);
    await assertRejects(() => pack.read("Flash/none.FLM"), PackError, "Flash/none.FLM: pack");
    await assertRejects(() => pack.read("../../../etc/passwd"), PackError, "the path leads out of the pack");
    assertEquals(await pack.has("../../../etc/passwd"), false);
    pack.close();
  }
  assertEquals(files.open_, 0);
});

Deno.test("openPack() takes the description that the pack is called after, and none of a Mac's attribute files", async () => {
  const other = text("<package><vendor>V</vendor><name>Old</name></package>");
  const entries = [
    { name: "A.Old.pdsc", data: other },
    { name: "._V.P.pdsc", data: text("\0\x05\x16\x07") },
    { name: "V.P.pdsc", data: PDSC },
  ];
  const both = { "A.Old.pdsc": other, "._V.P.pdsc": text("\0\x05"), "V.P.pdsc": PDSC };
  const below = (folder: string): Record<string, Bytes> =>
    Object.fromEntries(Object.entries(both).map(([name, data]) => [`${folder}/${name}`, data]));
  const files = new MemoryFiles({
    "in/v.p.1.0.0.pack": await buildZip(entries),
    "in/download.zip": await buildZip(entries),
    ...below("root/V/P/1.0.0"),
  });
  for (const [path, name] of [["in/v.p.1.0.0.pack", "P"], ["root/V/P/1.0.0", "P"], ["in/download.zip", "Old"]]) {
    const pack = await openPack(path!, files);
    assertEquals(pack.pdsc.name, name, path);
    pack.close();
  }
});

Deno.test("openPacks() opens each pack of a folder and passes over broken ones", async () => {
  const files = new MemoryFiles({
    "all/a.pack": await buildZip([{ name: "V.P.pdsc", data: PDSC }]),
    "all/broken.pack": text("not a zip"),
    "all/loose.pdsc": text("<package><vendor>V</vendor><name>Loose</name></package>"),
    "all/readme.txt": text("x"),
    "bad/broken.pack": text("not a zip"),
    "one/V.P.pdsc": PDSC,
  });
  const opened = async (path: string): Promise<string[]> =>
    (await openPacks(path, files)).map((pack) => {
      pack.close();
      return `${pack.location} ${pack.pdsc.name}`;
    });
  assertEquals(await opened("all"), ["all/a.pack P", "all Loose"]);
  assertEquals(await opened("one"), ["one P"]);
  await assertRejects(() => openPacks("bad", files), FormatError, "it is not a ZIP archive");
  assertEquals(files.open_, 0);
});

Deno.test("openPack() and openPacks() find what a project file from Windows names", async () => {
  const files = new MemoryFiles({
    "blobs/a/V.P.pdsc": PDSC,
    "blobs/a.pack": await buildZip([{ name: "V.P.pdsc", data: PDSC }]),
  });
  assertEquals((await openPack("blobs\\a", files)).location, "blobs/a");
  assertEquals((await openPacks("blobs\\a.pack", files)).map((pack) => pack.location), ["blobs/a.pack"]);
  await assertRejects(() => openPacks("blobs\\b.pack", files), PackError, "Cannot open pack blobs\\b.pack");
});

Deno.test("describeDevice() loads algorithms when asked and names the file that is missing", async () => {
  const pack = await openPack("flat", new MemoryFiles({ "flat/V.P.pdsc": PDSC }));
  const target = describeDevice(pack, "device1");
  assertEquals(target.processors, [{ name: "Cortex-M0", core: "Cortex-M0", svd: "SVD/a.svd" }]);
  assertEquals([target.name, target.vendor, target.families, target.source], ["DEVICE1", "V", ["F"], "pack"]);
  assertEquals(target.algorithms.map((a) => a.name), ["Flash/Missing.FLM"]);
  const [flash] = target.memory;
  assertEquals([flash?.kind, flash?.isBoot], ["flash", true]);
  const error = await assertRejects(() => flash!.algorithm!.load(), PackError);
  assertEquals(error.message, "Cannot read Flash/Missing.FLM: pack flat holds no such file");
});

Deno.test("describeDevice() refuses devices without a Cortex-M", async () => {
  const pack = await openPack("flat", new MemoryFiles({ "flat/V.P.pdsc": PDSC }));
  await assertRejects(
    () => Promise.resolve().then(() => describeDevice(pack, "RISC")),
    PackError,
    "Cannot use device RISC: it has no Cortex-M processor (other)",
  );
});
