import { assertEquals, assertRejects } from "@std/assert";
import { FormatError } from "../base/errors.ts";
import { type ByteSource, bytesSource } from "./byte_source.ts";
import { buildZip, type ZipFile } from "./testing.ts";
import { ZipReader } from "./zip.ts";

const text = (value: string): Uint8Array => new TextEncoder().encode(value);

async function openWith(files: readonly ZipFile[]): Promise<ZipReader> {
  return await ZipReader.open(bytesSource(await buildZip(files)), "x.pack");
}

async function failsToRead(file: ZipFile, reason: string): Promise<void> {
  const zip = await openWith([file]);
  await assertRejects(() => zip.read(file.name), FormatError, reason);
}

Deno.test("ZipReader.open() refuses what is no archive, what is cut off, and what points outside of itself", async () => {
  const open = (bytes: Uint8Array) => ZipReader.open(bytesSource(bytes), "x.pack");
  await assertRejects(() => open(new Uint8Array(0)), FormatError, "Cannot open x.pack: it is not a ZIP archive");
  await assertRejects(() => open(text("PK\x03\x04 not really a whole archive")), FormatError, "not a ZIP archive");
  const good = await buildZip([{ name: "a.txt", data: text("hello") }]);
  await assertRejects(() => open(good.subarray(0, good.length - 1)), FormatError, "its end is missing");
  // Without its beginning the directory would lie in front of the file.
  await assertRejects(() => open(good.subarray(20)), FormatError, "outside of the file");
  const lies = good.slice();
  lies[good.length - 12] = 9;
  await assertRejects(() => open(lies), FormatError, "damaged at entry 2 of 9");
});

Deno.test("ZipReader.open() refuses archives in several parts and directories too large to be true", async () => {
  const good = await buildZip([{ name: "a.txt", data: text("hello") }]);
  const parts = good.slice();
  parts[good.length - 18] = 1;
  await assertRejects(() => ZipReader.open(bytesSource(parts), "x"), FormatError, "several parts");
  const large = good.slice();
  large.set([0, 0, 0, 0x10], good.length - 10);
  await assertRejects(() => ZipReader.open(bytesSource(large), "x"), FormatError, "too large");
});

Deno.test("ZipReader.open() refuses paths that leave the archive", async () => {
  for (const name of ["../a", "a/../../b", "/etc/passwd", "C:\\a", "a\\..\\..\\b", "\\a", "a\0b", ""]) {
    await assertRejects(() => openWith([{ name, data: text("x") }]), FormatError, "a path outside of itself");
  }
});

Deno.test("ZipReader.read() refuses missing, encrypted and unknown entries", async () => {
  const zip = await openWith([{ name: "a", data: text("x") }]);
  await assertRejects(() => zip.read("b"), FormatError, "Cannot unpack b from x.pack: the archive holds no such file");
  await failsToRead({ name: "a", data: text("x"), flags: 1 }, "it is encrypted");
  await failsToRead({ name: "a", data: text("x"), method: 12 }, "compression method 12 is not supported");
});

Deno.test("ZipReader.read() refuses wrong sizes, wrong sums and damaged data", async () => {
  const data = text("hello hello hello hello");
  await failsToRead({ name: "a", data, crc: 1 }, "CRC is 0x");
  await failsToRead({ name: "a", data, size: 4 }, "4 bytes are declared, 23 are there");
  await failsToRead({ name: "a", data, deflate: true, size: 4 }, "it unpacks to more than the 4 bytes declared");
  await failsToRead({ name: "a", data, deflate: true, size: 40 }, "40 bytes are declared, 23 are there");
  await failsToRead({ name: "a", data: Uint8Array.of(7, 7, 7, 7), method: 8 }, "its compressed data is damaged");
});

Deno.test("ZipReader.read() refuses bombs before it unpacks them", async () => {
  await failsToRead({ name: "a", data: text("x"), deflate: true, size: 100_000_000 }, "cannot unpack to 100000000");
  const zip = await openWith([{ name: "a", data: new Uint8Array(5000), deflate: true }]);
  await assertRejects(() => zip.read("a", 4999), FormatError, "5000 bytes are more than the limit of 4999");
  assertEquals((await zip.read("a", 5000)).length, 5000);
});

Deno.test("ZipReader reads stored, deflated, ZIP64, empty and commented entries", async () => {
  const data = text("abc".repeat(1000));
  const bytes = await buildZip([
    { name: "stored.txt", data },
    { name: "./dir\\deflated.txt", data, deflate: true },
    { name: "wide.txt", data, wide: true },
    { name: "empty", data: new Uint8Array(0) },
    { name: "empty2", data: new Uint8Array(0), deflate: true },
    { name: "dir/", data: new Uint8Array(0) },
  ], { comment: "a comment with PK\x05\x06 inside, which is longer than an end record" });
  const zip = await ZipReader.open(bytesSource(bytes), "x.pack");
  assertEquals([...zip.entries.keys()], ["stored.txt", "dir/deflated.txt", "wide.txt", "empty", "empty2", "dir/"]);
  for (const name of ["stored.txt", "dir/deflated.txt", "wide.txt"]) assertEquals(await zip.read(name), data);
  assertEquals((await zip.read("empty")).length + (await zip.read("empty2")).length, 0);
  assertEquals(zip.entries.get("dir/")?.isDirectory, true);
});

Deno.test("ZipReader reads an archive behind other bytes, and only what it needs of it", async () => {
  const archive = await buildZip([{ name: "big", data: new Uint8Array(300_000) }, { name: "a", data: text("x") }]);
  const bytes = new Uint8Array(archive.length + 100);
  bytes.set(archive, 100);
  let read = 0;
  const source: ByteSource = {
    size: bytes.length,
    read: (offset, length) => {
      read += length;
      return Promise.resolve(bytes.subarray(offset, offset + length));
    },
  };
  const zip = await ZipReader.open(source, "x.exe");
  assertEquals(await zip.read("a"), text("x"));
  assertEquals(read < 70_000, true, `${read} bytes were read`);
});
