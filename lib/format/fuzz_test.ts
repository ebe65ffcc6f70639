/**
 * Damaged files: whatever is done to them, readers return or throw FormatError, and soon.
 */
import { assert } from "@std/assert";
import fc from "fast-check";
import { FormatError } from "../base/errors.ts";
import { bytesSource } from "./byte_source.ts";
import { ElfFile } from "./elf.ts";
import { readImage } from "./read_image.ts";
import { parseSvd } from "./svd.ts";
import { buildElf, buildZip, damage } from "./testing.ts";
import { parseXml } from "./xml.ts";
import { parseYaml } from "./yaml.ts";
import { ZipReader } from "./zip.ts";

const RUNS = { numRuns: 150 };
/** One reading of a small file may not take longer than this many milliseconds. */
const LIMIT_MS = 1500;

const recipes = fc.uint8Array({ minLength: 4, maxLength: 24 });

async function survives(read: () => unknown): Promise<void> {
  const start = performance.now();
  try {
    await read();
  } catch (error) {
    if (!(error instanceof FormatError)) throw error;
  }
  const ms = performance.now() - start;
  assert(ms < LIMIT_MS, `it took ${ms} ms`);
}

function fuzz(
  name: string,
  original: () => Promise<Uint8Array> | Uint8Array,
  read: (bytes: Uint8Array) => unknown,
): void {
  Deno.test(`${name} survives damaged files`, async () => {
    const bytes = await original();
    await fc.assert(fc.asyncProperty(recipes, (recipe) => survives(() => read(damage(bytes, recipe)))), RUNS);
  });
}

const text = (value: string): Uint8Array => new TextEncoder().encode(value);

fuzz(
  "ZipReader",
  () =>
    buildZip([{ name: "a", data: new Uint8Array(300), deflate: true }, { name: "b/c", data: text("x"), wide: true }]),
  async (bytes) => {
    const zip = await ZipReader.open(bytesSource(bytes), "x.pack");
    for (const name of zip.entries.keys()) await survives(() => zip.read(name));
  },
);

fuzz(
  "ElfFile",
  () => buildElf([{ name: ".text", data: new Uint8Array(32) }, { name: ".bss", type: 8, size: 4 }], [["main", 1, 1]]),
  async (bytes) => {
    await survives(() => readImage(bytes, { fileName: "a.elf", format: "elf" }));
    const file = new ElfFile(bytes, "a.elf");
    for (const section of file.sections) await survives(() => file.sectionData(section));
    file.symbols();
  },
);

fuzz(
  "parseXml()",
  () => text("<a x='1'>\n<b y=\"&lt;\">t &amp; <![CDATA[c]]><!-- d --></b><c/></a>"),
  (bytes) => parseXml(bytes, "x"),
);

fuzz(
  "parseYaml()",
  () => text("a: &x [1, two, 3.5]\nb:\n  - *x\n  - {c: on}\nd: |\n  text\n"),
  (bytes) => parseYaml(new TextDecoder().decode(bytes), "x"),
);

fuzz(
  "parseSvd()",
  () =>
    text(`<device><name>D</name><peripherals><peripheral><name>P</name><baseAddress>0</baseAddress><registers>
<register><dim>4</dim><dimIncrement>4</dimIncrement><dimIndex>A-D</dimIndex><name>R%s</name><fields><field><name>F</name>
<bitRange>[7:0]</bitRange></field></fields></register></registers></peripheral></peripherals></device>`),
  (bytes) => parseSvd(bytes, "x"),
);

for (const format of ["hex", "srec", "uf2"] as const) {
  const lines = format === "hex"
    ? ":10010000214601360121470136007EFE09D2190140\n:00000001FF\n"
    : "S1051000AABB85\nS9031000EC\n";
  const original = format === "uf2" ? new Uint8Array(512) : text(lines);
  fuzz(`readImage() of ${format}`, () => original, (bytes) => readImage(bytes, { fileName: "a", format }));
}

Deno.test("readImage() survives arbitrary bytes in every format", async () => {
  const formats = fc.constantFrom(
    "elf" as const,
    "hex" as const,
    "srec" as const,
    "uf2" as const,
    "dfu" as const,
    "bin" as const,
  );
  await fc.assert(
    fc.asyncProperty(
      fc.uint8Array({ maxLength: 1024 }),
      formats,
      (bytes, format) => survives(() => readImage(bytes, { fileName: "a", format, baseAddress: 0 })),
    ),
    RUNS,
  );
});

Deno.test("parseXml() survives long runs of unclosed starts", async () => {
  for (const start of ["<", "<!--", "<![CDATA[", "<?", "<a ", "<a b='", "&#", "<a><![CDATA[x]]>"]) {
    await survives(() => parseXml(start.repeat(20_000), "x"));
    await survives(() => parseXml(`<r>${start.repeat(20_000)}</r>`, "x"));
  }
});
